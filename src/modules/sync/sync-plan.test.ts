import { describe, expect, it } from '@jest/globals';
import { aChatState, aMembership } from '../../../test/support/factories.js';
import type { CursorState, SyncRequest } from './sync-plan.js';
import { CursorStateFinder, planOf } from './sync-plan.js';

/** Logs with the versions given, by chat id, of which one query answers at most `limit` rows. */
const logsWith = (logs: Record<string, number[]>) => {
  const queries: string[][] = [];
  const finder = new CursorStateFinder({
    versionsFrom: (versions, limit) => {
      queries.push([...versions.keys()]);
      const rows = [...versions].flatMap(([chatId, from]) =>
        logs[chatId]!.filter((version) => version >= from).map((version) => ({ chatId, version })),
      );
      return Promise.resolve(rows.slice(0, limit));
    },
  });
  return { finder, queries };
};

describe("a client's version", () => {
  it('is current, behind or ahead by what the log has from there on', async () => {
    const { finder } = logsWith({ a: [1, 2], b: [1, 2, 3], c: [1, 2], d: [] });
    const versions = new Map([
      ['a', 2],
      ['b', 2],
      ['c', 7],
      ['d', 0],
    ]);
    expect([...(await finder.find(versions))]).toEqual(
      expect.arrayContaining([
        ['a', 'current'],
        ['b', 'behind'],
        ['c', 'ahead'],
        ['d', 'current'],
      ]),
    );
  });

  it('is looked up again when the answer to the first query was cut off before it', async () => {
    const { finder, queries } = logsWith({
      long: Array.from({ length: 3000 }, (_, i) => i + 1),
      other: [1, 2],
    });
    const versions = new Map([
      ['long', 1],
      ['other', 5],
    ]);
    expect(await finder.find(versions)).toEqual(
      new Map([
        ['long', 'behind'],
        ['other', 'ahead'],
      ]),
    );
    expect(queries).toEqual([['long', 'other'], ['other']]);
  });

  it('is looked up for a hundred chats in one query', async () => {
    const ids = Array.from({ length: 101 }, (_, i) => `chat${i}`);
    const { finder, queries } = logsWith(Object.fromEntries(ids.map((id) => [id, [1]])));
    await finder.find(new Map(ids.map((id) => [id, 1])));
    expect(queries.map((chatIds) => chatIds.length)).toEqual([100, 1]);
  });
});

describe('the plan of a sync', () => {
  const state = aChatState({ membership: aMembership({ lastReadSeq: 1 }) });
  const chatId = state.chat._id.toHexString();
  const plan = (request: Partial<SyncRequest>, cursorState?: CursorState, of = state) =>
    planOf(
      of,
      { chats: {}, tags: {}, scope: 'all', limit: 100, ...request },
      new Map(cursorState && [[chatId, cursorState]]),
    );
  const known = { chats: { [chatId]: 4 } };

  it('begins a chat anew that the client does not know', () => {
    expect(plan({})).toMatchObject([{ cursor: undefined, isOptional: false }]);
  });

  it('goes on from the version of a client that is behind', () => {
    expect(plan(known, 'behind')).toMatchObject([{ cursor: 4, isOptional: false }]);
  });

  it('leaves a chat out when the client has its messages and its state', () => {
    const [{ tag } = { tag: '' }] = plan(known, 'current');
    expect(plan({ ...known, tags: { [chatId]: tag } }, 'current')).toEqual([]);
    const read = { ...state, membership: { ...state.membership, lastReadSeq: 2 } };
    expect(plan({ ...known, tags: { [chatId]: tag } }, 'current', read)).toHaveLength(1);
  });

  it.each([
    ['its data', { chat: { ...state.chat, metadata: { step: 2 } } }],
    ['its id elsewhere', { chat: { ...state.chat, externalId: 'order 7' } }],
    ["the member's data", { membership: { ...state.membership, metadata: { seat: 4 } } }],
    ['its slow mode', { chat: { ...state.chat, slowModeSeconds: 30 } }],
  ])('brings a chat of which only %s have changed', (_, change) => {
    const [{ tag } = { tag: '' }] = plan(known, 'current');
    const tags = { [chatId]: tag };
    expect(plan({ ...known, tags }, 'current', { ...state, ...change })).toHaveLength(1);
  });

  it('marks a chat as optional when the client has its messages and has not named its state', () => {
    expect(plan(known, 'current')).toMatchObject([{ cursor: 4, isOptional: true }]);
  });
});
