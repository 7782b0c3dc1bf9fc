/**
 * Preloaded into the nodes of webhook-crashes.test.ts (`node --import`): lets a node end itself, as by kill -9, at an
 * exact point between the write of a message and the note that it has been delivered. It wraps methods of the built
 * program from outside, so that the program itself has no such switch.
 *
 * The harness sends the name of a point over the process's IPC channel; the node dies when it gets there.
 */
import { DeliveriesRepository } from '../../dist/modules/webhooks/deliveries.repository.js';
import { EventFeed } from '../../dist/modules/webhooks/event-feed.js';
import { FeedRepository } from '../../dist/modules/webhooks/feed.repository.js';
import { WebhooksRepository } from '../../dist/modules/webhooks/webhooks.repository.js';
import { EventBus } from '../../dist/platform/event-bus.js';

/** The point at which to end, if any. */
let armed;

const reach = (point) => {
  if (armed === point) process.kill(process.pid, 'SIGKILL');
};

/** Ends before a method does anything, or after it has done its work and `counts` says so of its result. */
const at = (owner, name, { before, after, counts = () => true }) => {
  const original = owner.prototype[name];
  owner.prototype[name] = async function (...args) {
    if (before) reach(before);
    const result = await original.apply(this, args);
    if (after && counts(result)) reach(after);
    return result;
  };
};

const { emit } = EventBus.prototype;
EventBus.prototype.emit = function (type, event, to) {
  if (type === 'message.sent') reach('after the write, before anything is read');
  return emit.call(this, type, event, to);
};
at(DeliveriesRepository, 'add', {
  after: 'after the deliveries are stored, before the position moves',
  counts: (stored) => stored > 0,
});
at(FeedRepository, 'savePosition', { after: 'after the position of the chat has moved' });
at(EventFeed, 'run', { after: 'after the feed was read, before anything is sent' });
at(DeliveriesRepository, 'conclude', {
  before: 'after the answer, before it is noted',
  after: 'after the answer was noted',
});
at(DeliveriesRepository, 'redeliver', { after: 'after a delivery is due again' });
at(DeliveriesRepository, 'retryAll', { after: 'in a recovery' });
at(WebhooksRepository, 'disable', { after: 'after a webhook is disabled, before admins are told' });

process.on('message', (point) => {
  armed = point;
});
// The channel is no reason to stay when the program has come to its end.
process.channel.unref();
