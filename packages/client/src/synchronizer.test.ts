import { describe, expect, it } from '@jest/globals';
import { CHAT, ME, answer, message, synced } from '../test/client-fixtures.js';
import { FakeTimers, nextTurn } from '../test/fake-timers.js';
import { ChatError } from './chat-error.js';
import { GAP_PATIENCE_MS } from './gap-watch.js';
import { MAX_NAMED } from './sync-wishes.js';
import { MAX_HELD, Synchronizer } from './synchronizer.js';
import type { SyncAnswer, SyncRequest } from './wire.types.js';

/** A server with many chats, which tells of a few at a time and takes so many names and no more. */
const manyChats = (count: number) => {
  const versions = new Map(Array.from({ length: count }, (_, i) => [idOf(2 * i), 1]));
  const told: string[] = [];
  const isAsked = ({ chats, scope, after = '', until = 'g' }: SyncRequest, id: string) =>
    id > after && id <= until && (scope === 'all' || id in chats);
  const fetch = (request: SyncRequest): SyncAnswer => {
    const named = Object.keys(request.chats);
    if (named.length > 3000) throw new ChatError({ code: 'VALIDATION', message: 'too many' });
    const news = [...versions]
      .filter(([id, version]) => isAsked(request, id) && request.chats[id] !== version)
      .map(([id]) => id);
    const page = news.slice(0, 200);
    told.push(...page);
    const chats = page.map((chatId) => {
      const version = versions.get(chatId)!;
      const isNew = request.chats[chatId] === undefined;
      return synced([message(version, { chatId })], { chatId, isNew, isReset: isNew });
    });
    const removed = named.filter((id) => !versions.has(id));
    return answer(chats, { removed, hasMore: page.length < news.length });
  };
  return { versions, told, fetch };
};

const idOf = (number: number): string => number.toString(16).padStart(24, '0');

/** A synchronizer whose server answers what the test puts into `replies`, or else nothing new. */
const setUp = (otherwise: (request: SyncRequest) => SyncAnswer = () => answer([])) => {
  const timers = new FakeTimers();
  const requests: SyncRequest[] = [];
  const replies: (SyncAnswer | Promise<SyncAnswer>)[] = [];
  const removed: string[] = [];
  const changed: string[] = [];
  const sync = new Synchronizer({
    timers,
    userId: () => ME,
    fetch: async (request) => {
      requests.push(request);
      return (await replies.shift()) ?? otherwise(request);
    },
    onChanged: (chatId) => changed.push(chatId),
    onRemoved: (chatId) => removed.push(chatId),
  });
  const contents = () =>
    sync.stores
      .get(CHAT)
      ?.list()
      .map(({ content }) => content);
  return { timers, requests, replies, removed, changed, sync, contents };
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

  it('fails at once without a connection, and does not make the next one wait', async () => {
    const { requests, replies, sync, contents } = setUp();
    const offline = () => Promise.reject(new ChatError({ code: 'DISCONNECTED', message: 'away' }));
    replies.push(offline());
    const asked = sync.syncAll();
    const outcome = asked.catch((error: unknown) => error);
    await nextTurn();
    replies.push(first(1));
    await sync.connected();
    expect(await outcome).toMatchObject({ code: 'DISCONNECTED' });
    expect([requests.length, contents()]).toEqual([2, ['text 1']]);
    sync.disconnected();
    replies.push(offline());
    await expect(sync.syncAll()).rejects.toMatchObject({ code: 'DISCONNECTED' });
  });

  it('says that a chat has changed when it has, and never of one that it does not know', async () => {
    const { replies, changed, requests, sync } = setUp();
    replies.push(first(1, 2));
    await sync.connected();
    changed.length = 0;
    sync.heardPosition(CHAT, ME, 'lastReadSeq', 2);
    sync.heardPosition(CHAT, ME, 'lastReadSeq', 1);
    sync.heardPosition('unknown', ME, 'lastReadSeq', 1);
    sync.heardHidden('unknown', 'm1');
    await nextTurn();
    expect([changed, requests.length]).toEqual([[CHAT], 1]);
  });

  it('asks how many are unread when the user reads on among messages that are not held', async () => {
    const { replies, requests, sync } = setUp();
    const chat = { ...synced([]).chat, lastSeq: 50, lastReadSeq: 0, unreadCount: 50 };
    const page = [message(49), message(50)];
    replies.push(answer([synced(page, { chat, isNew: true, isReset: true })]));
    await sync.connected();
    replies.push(
      answer([
        synced([], {
          version: 50,
          chat: { ...chat, lastReadSeq: 20, unreadCount: 28 },
          head: { seq: 50, version: 50 },
        }),
      ]),
    );
    sync.heardPosition(CHAT, ME, 'lastReadSeq', 20);
    await nextTurn();
    expect(requests[1]).toMatchObject({ chats: { [CHAT]: 50 }, scope: 'listed' });
    expect(sync.stores.get(CHAT)!.unreadCount()).toBe(28);
    sync.heardPosition(CHAT, ME, 'lastReadSeq', 50);
    await nextTurn();
    expect([requests.length, sync.stores.get(CHAT)!.unreadCount()]).toEqual([2, 0]);
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

  it('asks in portions for more chats than one request may name, and hears of each change once', async () => {
    const server = manyChats(4500);
    const { timers, requests, replies, removed, sync } = setUp(server.fetch);
    await sync.connected();
    expect([sync.stores.size, server.told.length]).toEqual([4500, 4500]);

    sync.disconnected();
    server.told.length = 0;
    requests.length = 0;
    const changed = [0, 4500, 8998].map(idOf);
    const fresh = [1, 4501, 8999].map(idOf);
    for (const id of changed) server.versions.set(id, 2);
    for (const id of fresh) server.versions.set(id, 1);
    server.versions.delete(idOf(2000));
    replies.push(Promise.reject(new ChatError({ code: 'TIMEOUT', message: 'gone' })));
    const connected = sync.connected();
    await timers.advance(500);
    await connected;
    expect(server.told.sort()).toEqual([...changed, ...fresh].sort());
    expect([removed, sync.stores.size]).toEqual([[idOf(2000)], 4502]);
    for (const id of changed) expect(sync.stores.get(id)?.version).toBe(2);
    // Three portions, and the first of them twice.
    expect(requests).toHaveLength(4);
  });

  it('comes to the last portion although it hears of an unknown chat in the first, each time', async () => {
    const server = manyChats(4500);
    let strangers = 0;
    const { requests, sync } = setUp((request) => {
      if (strangers > 0 && request.after === undefined) {
        strangers -= 1;
        sync.heardMessage(message(1, { chatId: idOf(1) }));
      }
      return server.fetch(request);
    });
    await sync.connected();
    requests.length = 0;
    strangers = 2;
    server.versions.set(idOf(8998), 2);
    await sync.syncAll();
    const ranges = requests.map(({ after, until }) => [after, until]);
    const [last, next] = [ranges[0]![1], ranges[1]![1]];
    const portions = [
      [undefined, last],
      [last, next],
      [next, undefined],
    ];
    // What was heard of is looked for as often, but not before the rest has been asked for.
    expect(ranges).toEqual([...portions, ...portions, ...portions]);
    expect(server.told.at(-1)).toBe(idOf(8998));
    expect(last! < next!).toBe(true);
  });

  it('asks in portions for chats of which the server hints', async () => {
    const server = manyChats(4500);
    const { timers, requests, sync } = setUp(server.fetch);
    await sync.connected();
    requests.length = 0;
    for (const id of server.versions.keys()) server.versions.set(id, 2);
    sync.heardHint(0, [...server.versions.keys()]);
    await timers.advance(0);
    expect(Math.max(...requests.map(({ chats }) => Object.keys(chats).length))).toBe(MAX_NAMED);
    expect([...sync.stores.values()].every(({ version }) => version === 2)).toBe(true);
  });
});
