import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CHAT, ME, THEM, message, synced } from '../../test/support/client-fixtures.js';
import { SEED, runs } from '../../test/support/seed.js';
import { ChatStore } from './chat-store.js';
import type { ChatMessage } from './wire.types.js';

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
