import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { openOutbox, outgoing, refusal, webStorage } from '../test/outbox-fixture.js';
import { eventually } from '../../../test/support/eventually.js';
import { nextTurn } from '../test/fake-timers.js';
import { FileStorage } from './file-storage.js';
import { LocalStorage, MemoryStorage } from './storage.js';

describe('the outbox', () => {
  it('tries again until there is an answer, each time after a longer pause', async () => {
    const { timers, tried, sent, failures, outbox } = openOutbox();
    failures.push(refusal('TIMEOUT'), refusal('DISCONNECTED'), refusal('RATE_LIMITED', 10));
    const done = outbox.add(outgoing('a'));
    await nextTurn();
    expect(tried).toHaveLength(1);
    await timers.advance(499);
    expect(tried).toHaveLength(1);
    await timers.advance(1);
    expect(tried).toHaveLength(2);
    await timers.advance(1000);
    expect(tried).toHaveLength(3);
    await timers.advance(11_999);
    expect(tried).toHaveLength(3);
    await timers.advance(1);
    expect(await done).toMatchObject({ clientMessageId: 'a' });
    expect([tried, sent, outbox.pending()]).toEqual([['a', 'a', 'a', 'a'], ['a'], []]);
  });

  it('keeps the order within a chat, and lets other chats pass', async () => {
    const { timers, sent, failures, outbox } = openOutbox();
    failures.push(refusal('TIMEOUT'));
    const all = Promise.all([
      outbox.add(outgoing('a1', 'a')),
      outbox.add(outgoing('b1', 'b')),
      outbox.add(outgoing('a2', 'a')),
    ]);
    await nextTurn();
    expect(sent).toEqual(['b1']);
    await timers.advance(500);
    await all;
    expect(sent).toEqual(['b1', 'a1', 'a2']);
  });

  it('gives up what will never be taken, and goes on', async () => {
    const storage = new MemoryStorage();
    const { sent, failed, failures, outbox } = openOutbox(storage);
    failures.push(refusal('NOT_FOUND'));
    const refused = outbox.add(outgoing('a'));
    const next = outbox.add(outgoing('b'));
    await expect(refused).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await next;
    expect([sent, failed]).toEqual([['b'], ['a']]);
    expect(await storage.keys('')).toEqual([]);
  });

  it.each(['UNAUTHENTICATED', 'TOKEN_EXPIRED', 'REFRESH_REUSED', 'ACCOUNT_DEACTIVATED'])(
    'keeps what is refused because of the login as %s, for the next one',
    async (code) => {
      const storage = new MemoryStorage();
      const { failed, failures, outbox } = openOutbox(storage);
      failures.push(refusal(code));
      void outbox.add(outgoing('a'));
      await nextTurn();
      outbox.close();
      expect([failed, await storage.keys('')]).toEqual([[], [expect.stringContaining('a')]]);

      const next = openOutbox(storage);
      await next.outbox.load();
      await nextTurn();
      expect(next.sent).toEqual(['a']);
    },
  );

  it('takes so many messages, those left from before included, and no more until one is sent', async () => {
    const storage = new MemoryStorage();
    const before = openOutbox(storage);
    before.failures.push(refusal('DISCONNECTED'));
    void before.outbox.add(outgoing('a'));
    await eventually(async () => (await storage.keys('')).length === 1);
    before.outbox.close();

    const { failures, outbox, sent } = openOutbox(storage, 'me', 2);
    failures.push(refusal('DISCONNECTED'), refusal('DISCONNECTED'));
    await outbox.load();
    const second = outbox.add(outgoing('b'));
    await expect(outbox.add(outgoing('c'))).rejects.toMatchObject({ code: 'OUTBOX_FULL' });
    expect(await storage.keys('')).toHaveLength(2);
    await eventually(() => {
      outbox.wake();
      return sent.length === 2;
    });
    await second;
    await outbox.add(outgoing('d'));
    expect(sent).toEqual(['a', 'b', 'd']);
  });

  it('has done with a message when it tells what has become of it', async () => {
    const { shown, failures, outbox } = openOutbox(new MemoryStorage(), 'me', 1);
    failures.push(refusal('NOT_FOUND'));
    await expect(outbox.add(outgoing('a'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    // There is room for another one, each time.
    await outbox.add(outgoing('b'));
    await outbox.add(outgoing('c'));
    expect(shown).toEqual([[], [], []]);
  });

  it('keeps the order over reloads although the clock is set back', async () => {
    const storage = new MemoryStorage();
    for (const [now, ids] of [
      [5_000_000, ['a', 'b']],
      [1000, ['c', 'd']],
      [0, ['e']],
    ] as const) {
      const page = openOutbox(storage);
      await page.timers.advance(now);
      page.outbox.close();
      await page.outbox.load();
      for (const id of ids) void page.outbox.add(outgoing(id));
      await nextTurn();
    }
    const last = openOutbox(storage);
    await last.outbox.load();
    await nextTurn();
    expect(last.sent).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('keeps the order of what is written on one page although the clock is set back', async () => {
    const storage = new MemoryStorage();
    const page = openOutbox(storage);
    page.outbox.close();
    await page.timers.advance(60_000);
    void page.outbox.add(outgoing('a'));
    await nextTurn();
    page.timers.now = () => 1000;
    void page.outbox.add(outgoing('b'));
    await nextTurn();
    const next = openOutbox(storage);
    await next.outbox.load();
    await nextTurn();
    expect(next.sent).toEqual(['a', 'b']);
  });

  it('does not wait any longer once the connection is back', async () => {
    const { sent, failures, outbox } = openOutbox();
    failures.push(refusal('DISCONNECTED'));
    const done = outbox.add(outgoing('a'));
    await nextTurn();
    outbox.wake();
    await done;
    expect(sent).toEqual(['a']);
  });

  it('does not wait longer on a new connection because the outage before was long', async () => {
    const { timers, tried, failures, outbox } = openOutbox();
    const away = Array.from({ length: 6 }, () => refusal('DISCONNECTED'));
    failures.push(...away, refusal('RATE_LIMITED', 1));
    const done = outbox.add(outgoing('a'));
    await timers.advance(20_000);
    expect(tried).toHaveLength(6);
    outbox.wake();
    await timers.advance(1499);
    expect(tried).toHaveLength(7);
    await timers.advance(1);
    await done;
    expect(tried).toHaveLength(8);
  });

  it('lets what a connection ended under wait its time, whatever connects meanwhile', async () => {
    const { timers, tried, sent, failures, outbox } = openOutbox();
    failures.push(refusal('CONNECTION_LOST'), refusal('CONNECTION_LOST'));
    const done = outbox.add(outgoing('a'));
    await nextTurn();
    for (const pause of [500, 1000]) {
      const before = tried.length;
      outbox.wake();
      await timers.advance(pause - 1);
      expect(tried).toHaveLength(before);
      await timers.advance(1);
      expect(tried).toHaveLength(before + 1);
    }
    await done;
    expect(sent).toEqual(['a']);
  });

  it('sends what is left, and what was added meanwhile, once it is open again', async () => {
    const { timers, tried, sent, failures, outbox } = openOutbox();
    failures.push(refusal('DISCONNECTED'));
    const all = [outbox.add(outgoing('a1', 'a'))];
    await nextTurn();
    outbox.close();
    all.push(outbox.add(outgoing('a2', 'a')), outbox.add(outgoing('b1', 'b')));
    await timers.advance(60_000);
    expect([tried, sent]).toEqual([['a1'], []]);
    outbox.open();
    await Promise.all(all);
    expect([sent.toSorted(), outbox.pending()]).toEqual([['a1', 'a2', 'b1'], []]);
  });

  it('sends each once when it is opened before an answer from before is there', async () => {
    const { tried, sent, answers, outbox } = openOutbox();
    let reply: () => void = () => undefined;
    answers.push(new Promise((resolve) => (reply = resolve)));
    const all = [outbox.add(outgoing('a')), outbox.add(outgoing('b'))];
    await nextTurn();
    outbox.close();
    outbox.open();
    outbox.open();
    await nextTurn();
    expect(tried).toEqual(['a']);
    reply();
    await Promise.all(all);
    expect([tried, sent]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  it.each([
    ['memory', () => Promise.resolve({ storage: new MemoryStorage(), end: () => undefined })],
    [
      'localStorage',
      () => Promise.resolve({ storage: new LocalStorage(webStorage()), end: () => undefined }),
    ],
    [
      'a folder',
      async () => {
        const folder = await mkdtemp(join(tmpdir(), 'parley-outbox-'));
        return {
          storage: new FileStorage(join(folder, 'outbox')),
          end: () => rm(folder, { recursive: true }),
        };
      },
    ],
  ])('survives a reload in %s: same ids, same order, own account only', async (_, make) => {
    const { storage, end } = await make();
    const before = openOutbox(storage);
    before.failures.push(refusal('DISCONNECTED'));
    void before.outbox.add(outgoing('a'));
    void before.outbox.add(outgoing('b'));
    const other = openOutbox(storage, 'somebody else');
    other.failures.push(refusal('DISCONNECTED'));
    void other.outbox.add(outgoing('c'));
    await eventually(async () => (await storage.keys('parley:outbox:')).length === 3);
    before.outbox.close();

    const after = openOutbox(storage);
    await after.outbox.load();
    await eventually(() => after.sent.length === 2);
    expect([before.sent, after.sent]).toEqual([[], ['a', 'b']]);
    await eventually(async () => (await storage.keys('parley:outbox:me:')).length === 0);
    expect(await storage.keys('parley:outbox:')).toHaveLength(1);
    await end();
  });

  it('sends although nothing can be stored, and drops what nobody can read', async () => {
    const full = new MemoryStorage();
    full.set = () => Promise.reject(new Error('full'));
    const { sent, outbox } = openOutbox(full);
    await outbox.add(outgoing('a'));
    expect(sent).toEqual(['a']);

    const damaged = new MemoryStorage();
    await damaged.set('parley:outbox:me:1', '{"chatId":');
    const reader = openOutbox(damaged);
    await reader.outbox.load();
    expect([reader.outbox.pending(), await damaged.keys('')]).toEqual([[], []]);
  });
});
