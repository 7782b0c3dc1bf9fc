/**
 * Preloaded into the nodes of webhook-crashes.test.ts (`node --import`): lets a node end itself, as by kill -9, at an
 * exact point between the write of a message and the note that it has been delivered. It wraps methods of the built
 * program from outside, so that the program itself has no such switch.
 *
 * The harness sends the name of a point over the process's IPC channel; the node dies when it gets there.
 */
import { isMainThread } from 'node:worker_threads';

/** A class of the built program; `--import` loads this file in the embedded database's thread, too, which has none. */
const classOf = async (path, name) => (await import(`../../dist/${path}`))[name];

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

const prepare = async () => {
  const modules = 'modules/webhooks';
  const Deliveries = await classOf(`${modules}/deliveries.repository.js`, 'DeliveriesRepository');
  const Feed = await classOf(`${modules}/event-feed.js`, 'EventFeed');
  const Positions = await classOf(`${modules}/feed.repository.js`, 'FeedRepository');
  const Webhooks = await classOf(`${modules}/webhooks.repository.js`, 'WebhooksRepository');
  const EventBus = await classOf('platform/event-bus.js', 'EventBus');
  const { emit } = EventBus.prototype;
  EventBus.prototype.emit = function (type, event, to) {
    if (type === 'message.sent') reach('after the write, before anything is read');
    return emit.call(this, type, event, to);
  };
  at(Deliveries, 'add', {
    after: 'after the deliveries are stored, before the position moves',
    counts: (stored) => stored > 0,
  });
  at(Positions, 'savePosition', { after: 'after the position of the chat has moved' });
  at(Feed, 'run', { after: 'after the feed was read, before anything is sent' });
  at(Deliveries, 'conclude', {
    before: 'after the answer, before it is noted',
    after: 'after the answer was noted',
  });
  at(Deliveries, 'redeliver', { after: 'after a delivery is due again' });
  at(Deliveries, 'retryAll', { after: 'in a recovery' });
  at(Webhooks, 'disable', { after: 'after a webhook is disabled, before admins are told' });

  process.on('message', (point) => {
    armed = point;
  });
  // The channel is no reason to stay when the program has come to its end.
  process.channel.unref();
};

if (isMainThread) await prepare();
