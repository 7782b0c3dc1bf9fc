import { describe, expect, it } from '@jest/globals';
import { CHAT, ME, answer, message, synced } from '../../test/support/client-fixtures.js';
import { FakeTimers, nextTurn } from '../../test/support/fake-timers.js';
import { ChatError } from './chat-error.js';
import { GAP_PATIENCE_MS, MAX_HELD, Synchronizer } from './synchronizer.js';
import type { SyncAnswer, SyncRequest } from './wire.types.js';

/** A synchronizer whose server answers what the test puts into `replies`, or nothing new. */
const setUp = () => {
  const timers = new FakeTimers();
  const requests: SyncRequest[] = [];
  const replies: (SyncAnswer | Promise<SyncAnswer>)[] = [];
  const removed: string[] = [];
  const sync = new Synchronizer({
    timers,
    userId: () => ME,
    fetch: async (request) => {
      requests.push(request);
      return (await replies.shift()) ?? answer([]);
    },
    onChanged: () => undefined,
    onRemoved: (chatId) => removed.push(chatId),
  });
  const contents = () =>
    sync.stores
      .get(CHAT)
      ?.list()
      .map(({ content }) => content);
  return { timers, requests, replies, removed, sync, contents };
};

const first = (...seqs: number[]) =>
  answer([
    synced(
      seqs.map((seq) => message(seq)),
      { isNew: true, isReset: true },
    ),
  ]);

describe('keeping in step', () => {
  it('syncs before it takes in what was heard meanwhile', async () => {
    const { replies, sync, contents } = setUp();
    let reply: (value: SyncAnswer) => void = () => undefined;
    replies.push(new Promise((resolve) => (reply = resolve)));
    const connected = sync.connected();
    sync.heardMessage(message(3));
    await nextTurn();
    expect(contents()).toBeUndefined();
    reply(first(1, 2));
    await connected;
    expect(contents()).toEqual(['text 1', 'text 2', 'text 3']);
  });

  it('syncs once more when it has heard more than it holds', async () => {
    const { replies, requests, sync, contents } = setUp();
    let reply: (value: SyncAnswer) => void = () => undefined;
    replies.push(new Promise((resolve) => (reply = resolve)));
    const connected = sync.connected();
    await nextTurn();
    for (let i = 0; i < MAX_HELD; i += 1) sync.heardMessage(message(2));
    sync.heardMessage(message(3));
    sync.heardMessage(message(4));
    replies.push(answer([synced([message(2), message(3)])]));
    reply(first(1));
    await connected;
    expect(requests.map(({ chats }) => chats[CHAT])).toEqual([undefined, 1]);
    expect(contents()).toEqual(['text 1', 'text 2', 'text 3', 'text 4']);
  });

  it('waits half a second for a missing change, and asks only when it has not come', async () => {
    const { timers, requests, replies, sync, contents } = setUp();
    replies.push(first(1));
    await sync.connected();
    sync.heardMessage(message(3));
    await timers.advance(GAP_PATIENCE_MS - 1);
    sync.heardMessage(message(2));
    await timers.advance(GAP_PATIENCE_MS);
    expect([requests.length, contents()]).toEqual([1, ['text 1', 'text 2', 'text 3']]);

    sync.heardMessage(message(5));
    await timers.advance(GAP_PATIENCE_MS - 1);
    expect(requests).toHaveLength(1);
    replies.push(answer([synced([message(4), message(5)])]));
    await timers.advance(1);
    expect(requests[1]).toEqual({ chats: { [CHAT]: 3 }, tags: { [CHAT]: 'tag' }, scope: 'listed' });
    expect(contents()).toEqual(['text 1', 'text 2', 'text 3', 'text 4', 'text 5']);
  });

  it('finds a lost last event by the digest, and asks for nothing that it has', async () => {
    const { timers, requests, replies, sync, contents } = setUp();
    replies.push(first(1));
    await sync.connected();
    sync.heardHeads({ [CHAT]: [1, 1] });
    await timers.advance(GAP_PATIENCE_MS);
    expect(requests).toHaveLength(1);
    replies.push(answer([synced([message(2)])]));
    sync.heardHeads({ [CHAT]: [2, 2] });
    await timers.advance(GAP_PATIENCE_MS);
    expect(contents()).toEqual(['text 1', 'text 2']);
  });

  it('finds it also while it waits for another change', async () => {
    const { timers, replies, sync, contents } = setUp();
    replies.push(first(1));
    await sync.connected();
    sync.heardMessage(message(3));
    sync.heardHeads({ [CHAT]: [4, 4] });
    sync.heardMessage(message(2));
    replies.push(answer([synced([message(4)])]));
    await timers.advance(GAP_PATIENCE_MS);
    expect(contents()).toEqual(['text 1', 'text 2', 'text 3', 'text 4']);
  });

  it('syncs when the server hints, after the time that it names', async () => {
    const { timers, requests, sync } = setUp();
    await sync.connected();
    sync.heardHint(700);
    await timers.advance(699);
    expect(requests).toHaveLength(1);
    await timers.advance(1);
    expect(requests).toHaveLength(2);
  });

  it('forgets hints and held events with the connection', async () => {
    const { timers, requests, replies, sync, contents } = setUp();
    replies.push(first(1));
    await sync.connected();
    sync.heardHint(100);
    sync.disconnected();
    sync.heardMessage(message(9));
    sync.disconnected();
    await timers.advance(1000);
    expect(requests).toHaveLength(1);
    await sync.connected();
    expect(contents()).toEqual(['text 1']);
  });

  it('asks until the server has no more', async () => {
    const { requests, replies, sync, contents } = setUp();
    replies.push({ ...first(1, 2), hasMore: true });
    replies.push(answer([synced([message(3)])]));
    await sync.connected();
    expect(requests.map(({ chats }) => chats[CHAT])).toEqual([undefined, 2]);
    expect(contents()).toEqual(['text 1', 'text 2', 'text 3']);
  });

  it('looks for a chat that it does not know, and drops one that is gone', async () => {
    const { requests, replies, removed, sync, contents } = setUp();
    await sync.connected();
    replies.push(first(1));
    sync.heardMessage(message(1));
    await nextTurn();
    expect(requests[1]).toMatchObject({ scope: 'all' });
    expect(contents()).toEqual(['text 1']);
    replies.push(answer([], { removed: [CHAT] }));
    sync.heardState(CHAT, [ME]);
    await nextTurn();
    expect([removed, sync.stores.size]).toEqual([[CHAT], 0]);
  });

  it('tries again after a refusal that may pass, as late as the server asks', async () => {
    const { timers, requests, replies, sync, contents } = setUp();
    const refusal = new ChatError({ code: 'OVERLOADED', message: 'busy', retryAfter: 3 });
    replies.push(Promise.reject(refusal), first(1));
    const connected = sync.connected();
    await timers.advance(3000);
    expect(requests).toHaveLength(1);
    await timers.advance(500);
    await connected;
    expect(contents()).toEqual(['text 1']);
  });

  it('does not let the sync of a lost connection fail the next one', async () => {
    const { replies, sync, contents } = setUp();
    let fail: (error: unknown) => void = () => undefined;
    replies.push(new Promise<SyncAnswer>((_, reject) => (fail = reject)));
    const lost = sync.connected();
    await nextTurn();
    sync.disconnected();
    replies.push(first(1));
    const again = sync.connected();
    fail(new ChatError({ code: 'TIMEOUT', message: 'gone' }));
    await expect(lost).rejects.toMatchObject({ code: 'TIMEOUT' });
    await again;
    expect(contents()).toEqual(['text 1']);
  });

  it('asks again when a newest page has taken later changes away', async () => {
    const { requests, replies, sync, contents } = setUp();
    replies.push(first(1, 2));
    await sync.connected();
    let reply: (value: SyncAnswer) => void = () => undefined;
    replies.push(new Promise((resolve) => (reply = resolve)), answer([synced([message(3)])]));
    const asked = sync.syncChat(CHAT);
    await nextTurn();
    sync.heardMessage(message(3));
    reply(answer([synced([message(1), message(2)], { isReset: true })]));
    await asked;
    expect(requests).toHaveLength(3);
    expect(contents()).toEqual(['text 1', 'text 2', 'text 3']);
  });
});
