import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '../../../test/support/logger.js';
import { EventBus } from '../../platform/event-bus.js';
import type { AccessReconcilerEvents } from './access-changes.events.js';
import type { LocalConnections } from './access-reconciler.js';
import { AccessReconciler } from './access-reconciler.js';

/**
 * The events that a node emits, given its sockets of a user and whether the database has the user as a
 * member.
 */
const reconciled = async (
  inChat: ReturnType<LocalConnections['inChat']>,
  isMember: boolean,
): Promise<string[]> => {
  const bus = new EventBus<AccessReconcilerEvents>(silentLogger());
  const emitted: string[] = [];
  for (const type of ['members.added', 'members.removed'] as const) {
    const run = () => {
      emitted.push(type);
    };
    bus.subscribe([{ event: type, phase: 'effects', on: 'every-node', does: 'records it', run }]);
  }
  const row = { userId: 'bob', chatId: 'chat' };
  const reconciler = new AccessReconciler({
    bus,
    memberships: () => Promise.resolve(isMember ? [row] : []),
    sockets: {
      connected: (userIds) => [...userIds],
      logins: () => [],
      inChat: () => inChat,
      reconnectAll: () => Promise.resolve(),
    },
    statusOf: () => Promise.resolve(undefined),
  });
  await reconciler.recheck([{ kind: 'member', ...row }]);
  return emitted;
};

describe('the recheck of a membership', () => {
  it.each([
    ['is in the channel', { inChannel: 1, looking: 0, all: 1 }],
    ['only looks at the chat', { inChannel: 0, looking: 1, all: 1 }],
  ])('removes a device that %s and whose user is not a member', async (_what, inChat) => {
    expect(await reconciled(inChat, false)).toEqual(['members.removed']);
  });

  it('emits nothing about a former member whose devices have left already', async () => {
    expect(await reconciled({ inChannel: 0, looking: 0, all: 2 }, false)).toEqual([]);
  });

  it('adds a member of whom a device is missing, and nobody whose devices are all there', async () => {
    expect(await reconciled({ inChannel: 1, looking: 1, all: 2 }, true)).toEqual(['members.added']);
    expect(await reconciled({ inChannel: 2, looking: 1, all: 2 }, true)).toEqual([]);
  });
});
