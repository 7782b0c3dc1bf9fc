import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CHAT, ME, THEM, message, synced } from '../test/client-fixtures.js';
import { SEED, runs } from '../../../test/support/seed.js';
import { ChatStore } from './chat-store.js';
import { MAX_MESSAGES, SLACK } from './message-window.js';
import type { ChatMessage, SyncedChat } from './wire.types.js';

const newStore = () => new ChatStore(CHAT, ME);
const contents = (store: ChatStore) => store.list().map(({ content }) => content);

describe('a chat on a device', () => {
  it('takes changes in one after the other, and each once', () => {
    const store = newStore();
    expect(store.applyLive(message(1))).toBe('applied');
    expect(store.applyLive(message(2))).toBe('applied');
    expect(store.applyLive(message(2))).toBe('known');
    expect(store.applyLive(message(1, { version: 3, content: 'edited' }))).toBe('applied');
    expect(store.applyLive(message(1))).toBe('known');
    expect(contents(store)).toEqual(['edited', 'text 2']);
    expect(store.version).toBe(3);
  });

  it('lets a change wait for the one before it', () => {
    const store = newStore();
    expect(store.applyLive(message(2))).toBe('waiting');
    expect([store.hasGap, store.list()]).toEqual([true, []]);
    expect(store.applyLive(message(1))).toBe('applied');
    expect(contents(store)).toEqual(['text 1', 'text 2']);
    expect(store.hasGap).toBe(false);
  });

  it('takes in a sync, and what waited for it', () => {
    const store = newStore();
    store.applyLive(message(4));
    store.applySync(synced([message(1), message(2), message(3)]));
    expect(contents(store)).toEqual(['text 1', 'text 2', 'text 3', 'text 4']);
    expect([store.version, store.hasGap]).toEqual([4, false]);
  });

  it('keeps what it heard while an older answer was on its way', () => {
    const store = newStore();
    store.applySync(synced([message(1)]));
    store.applyLive(message(1, { version: 2, content: 'newer' }));
    store.applySync(synced([message(1)]));
    expect(contents(store)).toEqual(['newer']);
    expect(store.version).toBe(2);
  });

  it('begins anew when told, with older messages left to the server', async () => {
    const store = newStore();
    store.applySync(synced([message(1), message(2)]));
    store.applySync(synced([message(8), message(9)], { isReset: true, version: 30 }));
    expect(contents(store)).toEqual(['text 8', 'text 9']);
    expect([store.oldestSeq, store.version]).toEqual([8, 30]);
    // A change to a message that is not held is not shown, and is no gap either.
    expect(store.applyLive(message(3, { version: 31 }))).toBe('applied');
    expect(contents(store)).toEqual(['text 8', 'text 9']);
    await store.extend(() => Promise.resolve([message(6), message(7)]));
    expect(contents(store)).toEqual(['text 6', 'text 7', 'text 8', 'text 9']);
  });

  it('does not lose a change to older history that arrives while it is fetched', async () => {
    const store = newStore();
    store.applySync(synced([message(5)], { isReset: true, version: 5 }));
    await store.extend((before) => {
      expect(before).toBe(5);
      store.applyLive(message(3, { version: 6, content: 'edited' }));
      return Promise.resolve([message(3), message(4)]);
    });
    expect(contents(store)).toEqual(['edited', 'text 4', 'text 5']);
  });

  it('fetches older history once for all who ask at the same time, and again after a failure', async () => {
    const store = newStore();
    store.applySync(synced([message(5)], { isReset: true, version: 5 }));
    const asked: number[] = [];
    const replies: ((outcome: Promise<ChatMessage[]>) => void)[] = [];
    const fetch = (before: number) =>
      new Promise<ChatMessage[]>((resolve) => {
        asked.push(before);
        replies.push(resolve);
      });
    const failing = Promise.allSettled([store.extend(fetch), store.extend(fetch)]);
    replies[0]!(Promise.reject(new Error('gone')));
    expect(await failing).toMatchObject([
      { status: 'rejected', reason: { message: 'gone' } },
      { status: 'rejected', reason: { message: 'gone' } },
    ]);
    const both = Promise.all([store.extend(fetch), store.extend(fetch)]);
    store.applyLive(message(3, { version: 6, content: 'edited' }));
    replies[1]!(Promise.resolve([message(3), message(4)]));
    expect([await both, asked]).toEqual([
      [2, 2],
      [5, 5],
    ]);
    expect(contents(store)).toEqual(['edited', 'text 4', 'text 5']);
  });

  it('shows nothing of history that the user has cleared or hidden', () => {
    const store = newStore();
    store.applySync(synced([message(1), message(2), message(3)]));
    store.applySync(synced([], { hidden: ['m3'], version: 4 }));
    expect(contents(store)).toEqual(['text 1', 'text 2']);
    const settings = { clearedSeq: 1, hiddenSeq: null, archivedSeq: null };
    store.applySync(synced([], { settings, version: 4 }));
    expect(contents(store)).toEqual(['text 2']);
    // What others do to such messages afterwards does not bring them back.
    expect(store.applyLive(message(1, { version: 5, content: 'edited' }))).toBe('applied');
    expect(store.applyLive(message(3, { version: 6, isDeleted: true }))).toBe('applied');
    expect(contents(store)).toEqual(['text 2']);
  });

  it('knows how far messages have come, and how many are unread', () => {
    const store = newStore();
    store.applySync(synced([message(1), message(2, { senderId: ME }), message(3)]));
    expect(store.unreadCount()).toBe(2);
    const statusOfMine = () => store.list()[1]!.status;
    expect(statusOfMine()).toBe('sent');
    store.applyPosition(THEM, 'lastDeliveredSeq', 2);
    expect(statusOfMine()).toBe('delivered');
    store.applyPosition(THEM, 'lastReadSeq', 3);
    store.applyPosition(THEM, 'lastReadSeq', 1);
    expect(statusOfMine()).toBe('read');
    store.applyPosition(ME, 'lastReadSeq', 1);
    expect(store.unreadCount()).toBe(1);
  });

  it('waits for nobody whose account is closed, unless there is nobody else', () => {
    const closed = (userId: string) =>
      ({ userId, lastReadSeq: 0, lastDeliveredSeq: 0, isDeactivated: true }) as const;
    const open = (userId: string, lastReadSeq: number) => ({
      userId,
      lastReadSeq,
      lastDeliveredSeq: lastReadSeq,
    });
    const statusAmong = (...positions: SyncedChat['positions']) => {
      const store = newStore();
      store.applySync(synced([message(1, { senderId: ME })], { positions }));
      return store.list()[0]!.status;
    };
    expect(statusAmong(open(ME, 1), open(THEM, 1), closed('x'))).toBe('read');
    expect(statusAmong(open(ME, 1), open(THEM, 0), closed('x'))).toBe('sent');
    expect(statusAmong(open(ME, 1), closed('x'))).toBe('sent');
    expect(statusAmong(open(ME, 1), { ...closed('x'), lastReadSeq: 1 })).toBe('read');
    // The account may be opened again.
    const store = newStore();
    const mine = message(1, { senderId: ME });
    store.applySync(synced([mine], { positions: [open(ME, 1), open(THEM, 1), closed('x')] }));
    store.applySync(synced([], { positions: [open(ME, 1), open(THEM, 1), open('x', 0)] }));
    expect(store.list()[0]!.status).toBe('sent');
  });

  describe('with unread messages older than what it holds', () => {
    /** Holds messages 71 to 100, of which the server counts 90 unread, the first ten being read. */
    const longUnread = () => {
      const store = newStore();
      const page = Array.from({ length: 30 }, (_, i) => message(71 + i));
      const chat = { ...synced([]).chat, lastSeq: 100, lastReadSeq: 10, unreadCount: 90 };
      store.applySync(synced(page, { chat, isReset: true, version: 100 }));
      return { store, chat };
    };

    it('counts on from what the server has counted', () => {
      const { store } = longUnread();
      expect(store.unreadCount()).toBe(90);
      store.applyLive(message(101));
      store.applyLive(message(102, { senderId: ME }));
      store.applyLive(message(103));
      expect(store.unreadCount()).toBe(92);
      store.applyLive(message(101, { version: 104, isDeleted: true }));
      store.applyLive(message(40, { version: 105, isDeleted: true }));
      expect(store.unreadCount()).toBe(90);
      // One that was read, and one of mine.
      store.applyLive(message(5, { version: 106, isDeleted: true }));
      store.applyLive(message(41, { version: 107, isDeleted: true, senderId: ME }));
      expect([store.unreadCount(), store.summary()?.unreadCount]).toEqual([90, 90]);
    });

    it('shows no more than there can be when the user reads on, and none when all is read', () => {
      const { store, chat } = longUnread();
      expect(store.hasUnreadBelow).toBe(true);
      store.applyPosition(ME, 'lastReadSeq', 60);
      expect([store.unreadCount(), store.hasUnreadBelow]).toEqual([40, true]);
      // Among the ten messages from 61 to 70 there are three that do not count.
      store.applySync(
        synced([], {
          version: 100,
          chat: { ...chat, lastReadSeq: 60, unreadCount: 37 },
          head: { seq: 100, version: 100 },
        }),
      );
      expect(store.unreadCount()).toBe(37);
      store.applyPosition(ME, 'lastReadSeq', 75);
      expect([store.unreadCount(), store.hasUnreadBelow]).toEqual([25, false]);
      store.applyPosition(ME, 'lastReadSeq', 100);
      expect([store.unreadCount(), store.summary()?.lastReadSeq]).toEqual([0, 100]);
    });

    it('counts what came live while an answer with a count was on its way', () => {
      const { store, chat } = longUnread();
      store.applyLive(message(101));
      // The answer is older than that message.
      const older = { ...chat, lastReadSeq: 20, unreadCount: 80 };
      store.applySync(synced([], { version: 100, chat: older, head: { seq: 100, version: 100 } }));
      expect(store.unreadCount()).toBe(81);
    });

    it('counts none twice when older history is fetched', async () => {
      const { store } = longUnread();
      const older = (from: number, to: number) => () =>
        Promise.resolve(Array.from({ length: to - from + 1 }, (_, i) => message(from + i)));
      await store.extend(older(41, 70));
      expect(store.unreadCount()).toBe(90);
      await store.extend((before) => {
        store.applyLive(message(30, { version: 101, isDeleted: true }));
        return older(1, before - 1)();
      });
      expect([store.unreadCount(), store.oldestSeq]).toEqual([89, 1]);
    });
  });

  it('lets old messages go that nobody has asked for, and counts them as unread nevertheless', async () => {
    const store = newStore();
    store.applySync(synced([]));
    const total = 2 * MAX_MESSAGES + SLACK;
    for (let seq = 1; seq <= total; seq += 1) store.applyLive(message(seq));
    const held = store.list().map(({ seq }) => seq);
    expect(held.length).toBeLessThanOrEqual(MAX_MESSAGES + SLACK);
    expect(held).toEqual(Array.from({ length: held.length }, (_, i) => store.oldestSeq + i));
    expect([held.at(-1), store.unreadCount()]).toEqual([total, total]);
    // Who looks further back keeps what they have fetched.
    const older = Array.from({ length: 500 }, (_, i) => message(store.oldestSeq - 500 + i));
    await store.extend(() => Promise.resolve(older));
    for (let seq = total + 1; seq <= total + 500; seq += 1) store.applyLive(message(seq));
    expect(store.list()).toHaveLength(held.length + 1000);
    expect(store.unreadCount()).toBe(total + 500);
    store.applyPosition(ME, 'lastReadSeq', 10);
    expect(store.unreadCount()).toBe(total + 490);
  });

  it('does not bring back what the user had deleted for themselves before this device came', async () => {
    const store = newStore();
    // Message 8 is hidden, and so is 3, further back.
    store.applySync(synced([message(7), message(9)], { isReset: true, version: 30 }));
    expect(store.applyLive(message(8, { version: 31, content: 'edited' }))).toBe('waiting');
    expect([contents(store), store.hasGap]).toEqual([['text 7', 'text 9'], true]);
    // The server says what became of it.
    store.applySync(synced([], { version: 31, hidden: ['m8'] }));
    expect([store.version, store.hasGap]).toEqual([31, false]);
    expect(store.applyLive(message(8, { version: 32, content: 'again' }))).toBe('applied');
    await store.extend(() => {
      store.applyLive(message(3, { version: 33, content: 'edited' }));
      store.applyLive(message(4, { version: 34, content: 'edited' }));
      return Promise.resolve([message(2), message(4), message(5), message(6)]);
    });
    expect(contents(store)).toEqual(['text 2', 'edited', 'text 5', 'text 6', 'text 7', 'text 9']);
  });

  it('knows when its newest message was written', () => {
    const store = newStore();
    const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString();
    const newest = () => [store.info?.lastSeq, store.info?.lastMessageAt];
    const chat = { ...synced([]).chat, lastSeq: 2, lastMessageAt: at(2) };
    store.applySync(synced([message(1), message(2, { createdAt: at(2) })], { chat }));
    store.applyLive(message(3, { createdAt: at(3) }));
    expect(newest()).toEqual([3, at(3)]);
    store.applyLive(message(1, { version: 4, createdAt: at(1), content: 'edited' }));
    expect(newest()).toEqual([3, at(3)]);
    // The chat as it was before, in an answer that was on its way.
    store.applySync(synced([], { chat }));
    expect(newest()).toEqual([3, at(3)]);
    // The server itself is further back, as after a restore from a backup.
    store.applySync(synced([message(2)], { chat, isReset: true }));
    expect(newest()).toEqual([2, at(2)]);
  });

  it('knows its own read position where the server names nobody’s', () => {
    const store = newStore();
    const chat = { ...synced([]).chat, memberCount: 101, lastReadSeq: 1, unreadCount: 3 };
    const sync = () => {
      store.applySync(
        synced([message(1), message(2), message(3), message(4)], { chat, positions: [] }),
      );
    };
    sync();
    expect(store.unreadCount()).toBe(3);
    store.applyPosition(THEM, 'lastReadSeq', 4);
    store.applyPosition(ME, 'lastDeliveredSeq', 4);
    expect(store.unreadCount()).toBe(3);
    store.applyPosition(ME, 'lastReadSeq', 3);
    expect([store.unreadCount(), store.members()]).toEqual([1, []]);
    // An answer that was on its way since before does not take it back.
    sync();
    store.applyPosition(ME, 'lastReadSeq', 2);
    expect(store.unreadCount()).toBe(1);
  });

  it('does not let an older answer take a position back', () => {
    const store = newStore();
    store.applySync(synced([message(1), message(2)]));
    store.applyPosition(THEM, 'lastReadSeq', 2);
    store.applySync(synced([]));
    expect(store.members()).toContainEqual({ userId: THEM, lastReadSeq: 2, lastDeliveredSeq: 0 });
  });

  it('ends up the same whatever is lost, doubled or late, once a sync has filled the gaps', () => {
    // A log of changes: each is a new message or a change to an earlier one.
    const log = fc.array(fc.nat(), { minLength: 1, maxLength: 40 }).map((picks) => {
      const changes: ChatMessage[] = [];
      let seq = 0;
      picks.forEach((pick, i) => {
        const version = i + 1;
        const isNew = seq === 0 || pick % 2 === 0;
        if (isNew) seq += 1;
        const target = isNew ? seq : (pick % seq) + 1;
        changes.push(message(target, { version, content: `v${version}` }));
      });
      return changes;
    });
    const run = log.chain((changes) =>
      fc.tuple(
        fc.constant(changes),
        fc.array(fc.nat(changes.length - 1), { maxLength: 80 }),
        fc.array(fc.nat(changes.length), { maxLength: 3 }),
      ),
    );
    const stateAt = (changes: ChatMessage[], version: number) => [
      ...new Map(changes.slice(0, version).map((change) => [change.id, change])).values(),
    ];
    fc.assert(
      fc.property(run, ([changes, heard, syncPoints]) => {
        const store = newStore();
        const syncTo = (end: number) => {
          const news = stateAt(changes, end).filter(({ version }) => version > store.version);
          const version = Math.max(store.version, end);
          store.applySync(synced(news, { version, head: { seq: 0, version } }));
        };
        heard.forEach((index, i) => {
          store.applyLive(changes[index]!);
          const point = syncPoints[i % 25];
          if (point !== undefined && i % 25 < syncPoints.length) syncTo(point);
          // At every moment: exactly what the log was at the store's version.
          expect(contents(store)).toEqual(
            stateAt(changes, store.version)
              .sort((a, b) => a.seq - b.seq)
              .map(({ content }) => content),
          );
        });
        syncTo(changes.length);
        expect([store.version, store.hasGap]).toEqual([changes.length, false]);
      }),
      { seed: SEED, numRuns: runs(300) },
    );
  });
});
