import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../test/support/logger.js';
import type { Subscription } from './event-bus.js';
import { EventBus, PHASES } from './event-bus.js';

interface Events {
  'thing.happened': { id: string };
  'thing.followed': { id: string };
}

/** A bus, and what its subscriptions have done. */
const setUp = () => {
  const bus = new EventBus<Events>(silentLogger());
  const done: string[] = [];
  const noting = (
    phase: Subscription<Events>['phase'],
    on: Subscription<Events>['on'],
    does = `${phase} on ${on}`,
  ): Subscription<Events> => ({
    event: 'thing.happened',
    phase,
    on,
    does,
    run: ({ id }) => void done.push(`${id}: ${does}`),
  });
  return { bus, done, noting };
};

describe('EventBus', () => {
  it.each([
    ['in the order of the phases', [...PHASES]],
    ['against the order of the phases', [...PHASES].reverse()],
  ])('runs phase after phase when subscriptions are added %s', (_how, phases) => {
    const { bus, done, noting } = setUp();
    for (const phase of phases) bus.subscribe([noting(phase, 'every-node', phase)]);
    bus.emit('thing.happened', { id: 'a' }, { scope: 'cluster' });
    expect(done).toEqual(PHASES.map((phase) => `a: ${phase}`));
  });

  it('runs the same order when all subscriptions are added at once', () => {
    const { bus, done, noting } = setUp();
    bus.subscribe([noting('deliver', 'every-node', '3'), noting('sockets', 'every-node', '2')]);
    bus.subscribe([noting('effects', 'origin', '4'), noting('state', 'every-node', '1')]);
    bus.emit('thing.happened', { id: 'a' }, { scope: 'cluster' });
    expect(done).toEqual(['a: 1', 'a: 2', 'a: 3', 'a: 4']);
  });

  it('tells the cluster and the origin of an event of the cluster', () => {
    const { bus, done, noting } = setUp();
    const forwarded: unknown[] = [];
    bus.forwardTo((type, event) => void forwarded.push([type, event]));
    bus.subscribe([noting('effects', 'origin'), noting('state', 'every-node')]);
    bus.emit('thing.happened', { id: 'a' }, { scope: 'cluster' });
    expect(done).toEqual(['a: state on every-node', 'a: effects on origin']);
    expect(forwarded).toEqual([['thing.happened', { id: 'a' }]]);
  });

  it('keeps an event of the node to the node, and runs nothing that is due once in the cluster', () => {
    const { bus, done, noting } = setUp();
    const forwarded: unknown[] = [];
    bus.forwardTo((type, event) => void forwarded.push([type, event]));
    bus.subscribe([noting('effects', 'origin'), noting('state', 'every-node')]);
    bus.emit('thing.happened', { id: 'a' }, { scope: 'node' });
    expect(done).toEqual(['a: state on every-node']);
    expect(forwarded).toEqual([]);
  });

  it('does not send back what another node has emitted', () => {
    const { bus, done, noting } = setUp();
    const forwarded: unknown[] = [];
    bus.forwardTo((type, event) => void forwarded.push([type, event]));
    bus.subscribe([noting('effects', 'origin'), noting('state', 'every-node')]);
    bus.receiveFromCluster('thing.happened', { id: 'b' });
    expect(done).toEqual(['b: state on every-node']);
    expect(forwarded).toEqual([]);
  });

  it('runs the other subscriptions when one throws or rejects', async () => {
    const { bus, done, noting } = setUp();
    bus.subscribe([
      {
        event: 'thing.happened',
        phase: 'state',
        on: 'every-node',
        does: 'throws',
        run: () => {
          throw new Error('broken');
        },
      },
      {
        event: 'thing.happened',
        phase: 'sockets',
        on: 'every-node',
        does: 'rejects',
        run: () => Promise.reject(new Error('broken')),
      },
      noting('deliver', 'every-node'),
    ]);
    bus.emit('thing.happened', { id: 'a' }, { scope: 'node' });
    await Promise.resolve();
    expect(done).toEqual(['a: deliver on every-node']);
  });

  it('finishes an event that follows from another one before the next phase of the first', () => {
    const { bus, done, noting } = setUp();
    bus.subscribe([
      noting('deliver', 'every-node', 'deliver'),
      {
        event: 'thing.happened',
        phase: 'state',
        on: 'every-node',
        does: 'emits',
        run: ({ id }) => {
          bus.emit('thing.followed', { id }, { scope: 'node' });
        },
      },
      {
        event: 'thing.followed',
        phase: 'deliver',
        on: 'every-node',
        does: 'notes it',
        run: ({ id }) => void done.push(`${id}: followed`),
      },
    ]);
    bus.emit('thing.happened', { id: 'a' }, { scope: 'node' });
    expect(done).toEqual(['a: followed', 'a: deliver']);
  });
});
