/**
 * Preloaded into the nodes of chaos runs (`node --import`): lets a node end itself, as by kill -9, at an
 * exact point of its next send. It wraps methods of the built program from outside, so that the program
 * itself has no such switch.
 *
 * The harness sends the name of a point over the process's IPC channel; the node dies when it gets there.
 */
import { MessageLog } from '../../dist/modules/messages/log/message-log.js';
import { EventBus } from '../../dist/platform/event-bus.js';

/** The point at which to end, if any. */
let armed;

const reach = (point) => {
  if (armed === point) process.kill(process.pid, 'SIGKILL');
};

const { append } = MessageLog.prototype;
MessageLog.prototype.append = function (...args) {
  reach('beforeWrite');
  return append.apply(this, args);
};

const { emit } = EventBus.prototype;
EventBus.prototype.emit = function (type, event, to) {
  if (type !== 'message.sent') return emit.call(this, type, event, to);
  reach('afterWriteBeforePublish');
  emit.call(this, type, event, to);
  return reach('afterPublishBeforeAck');
};

process.on('message', (point) => {
  armed = point;
});
// The channel is no reason to stay when the program has come to its end.
process.channel.unref();
