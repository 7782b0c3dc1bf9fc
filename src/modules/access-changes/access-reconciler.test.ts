import { describe, expect, it } from '@jest/globals';
import { EventBus } from '../../platform/event-bus.js';
import { createLogger } from '../../platform/logger.js';
import type { LocalConnections, AccessReconcilerEvents } from './access-reconciler.js';
import { AccessReconciler } from './access-reconciler.js';

/** What a node is told that has these places for a user whom the database does, or does not, have in the chat. */
const repaired = async (
  places: ReturnType<LocalConnections['places']>,
  isMember: boolean,
): Promise<string[]> => {
  const bus = new EventBus<AccessReconcilerEvents>(
    createLogger({ logLevel: 'silent', nodeEnv: 'test' }),
  );
  const told: string[] = [];
  for (const type of ['members.added', 'members.removed'] as const) {
    const run = () => {
      told.push(type);
    };
    bus.subscribe([{ event: type, phase: 'effects', on: 'every-node', does: 'notes it', run }]);
  }
  const row = { userId: 'bob', chatId: 'chat' };
  const repair = new AccessReconciler({
    bus,
    memberships: () => Promise.resolve(isMember ? [row] : []),
    sockets: {
      connected: (userIds) => [...userIds],
      logins: () => [],
      places: () => places,
      reconnectAll: () => Promise.resolve(),
    },
    statusOf: () => Promise.resolve(undefined),
  });
  await repair.lookAt([{ kind: 'member', ...row }]);
  return told;
};

describe('a node that looks at a notice', () => {
  it.each([
    ['stands in the room', { inChannel: 1, looking: 0, all: 1 }],
    ['only looks at the chat', { inChannel: 0, looking: 1, all: 1 }],
  ])('takes a device out that %s and whose user is no member', async (_what, places) => {
    expect(await repaired(places, false)).toEqual(['members.removed']);
  });

  it('tells nobody who is out already', async () => {
    expect(await repaired({ inChannel: 0, looking: 0, all: 2 }, false)).toEqual([]);
  });

  it('brings in a member of whom a device is missing, and nobody who is there', async () => {
    expect(await repaired({ inChannel: 1, looking: 1, all: 2 }, true)).toEqual(['members.added']);
    expect(await repaired({ inChannel: 2, looking: 1, all: 2 }, true)).toEqual([]);
  });
});
