import { describe, expect, it } from '@jest/globals';
import { anObjectId } from '../../../test/support/factories.js';
import type { SanctionRecord } from '../chats/index.js';
import { Sanctions } from './sanctions.js';

type SanctionsDeps = ConstructorParameters<typeof Sanctions>[0];

const NOW = 1_800_000_000_000;
const ago = (ms: number) => new Date(NOW - ms);

const aBan = (fields: Partial<SanctionRecord> = {}): SanctionRecord => ({
  _id: anObjectId(),
  chatId: null,
  userId: anObjectId(),
  kind: 'ban',
  reason: 'Advertising',
  until: null,
  actorId: anObjectId(),
  createdAt: ago(60_000),
  isOpen: true,
  rank: 1,
  isPending: true,
  ...fields,
});

/** A node that finds bans which another node has left, and what it does about them. */
const setUp = (bans: SanctionRecord[], onSetBan: () => void = () => undefined) => {
  const done: string[] = [];
  const sanctions = new Sanctions({
    sanctions: {
      replacing: () => Promise.resolve([]),
      pending: () => Promise.resolve(bans.filter(({ isPending }) => isPending)),
      applying: () => Promise.resolve(bans.filter(({ isOpen }) => isOpen)),
      settle: (id: SanctionRecord['_id']) => {
        delete bans.find(({ _id }) => _id.equals(id))!.isPending;
        return Promise.resolve();
      },
    },
    chats: {
      expel: (_chatId: string, userId: string) => {
        done.push(`expelled ${userId}`);
        return Promise.resolve();
      },
    },
    accounts: {
      setBan: (userId: string, ban: { reason: string } | null) => {
        done.push(`${ban ? 'banned' : 'let in'} ${userId}`);
        onSetBan();
        return Promise.resolve();
      },
    },
    clock: { now: () => NOW },
  } as unknown as SanctionsDeps);
  return { done, repair: () => sanctions.jobs[0]!.run() };
};

describe('a ban that a node has left half carried out', () => {
  it('is carried out by another one, once', async () => {
    const ban = aBan();
    const inChat = aBan({ chatId: anObjectId() });
    const { done, repair } = setUp([ban, inChat]);
    await repair();
    await repair();
    expect(done).toEqual([
      `banned ${ban.userId.toHexString()}`,
      `expelled ${inChat.userId.toHexString()}`,
    ]);
  });

  it('is left to its node for a while', async () => {
    const { done, repair } = setUp([aBan({ createdAt: ago(5000) })]);
    await repair();
    expect(done).toEqual([]);
  });

  it('ends when it was lifted, also at the same moment', async () => {
    const lifted = aBan({ liftedAt: ago(60_000) });
    delete lifted.isOpen;
    const first = setUp([lifted]);
    await first.repair();
    expect(first.done).toEqual([`let in ${lifted.userId.toHexString()}`]);

    const ban = aBan();
    const second = setUp([ban], () => delete ban.isOpen);
    await second.repair();
    const userId = ban.userId.toHexString();
    expect(second.done).toEqual([`banned ${userId}`, `let in ${userId}`]);
  });
});
