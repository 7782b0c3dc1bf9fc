import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CHAT, message } from '../../test/support/client-fixtures.js';
import { eventually } from '../../test/support/eventually.js';
import { FakeTimers, nextTurn } from '../../test/support/fake-timers.js';
import { Random } from '../../test/support/random.js';
import { SEED, runs } from '../../test/support/seed.js';
import { ChatError } from './chat-error.js';
import { FileStorage } from './file-storage.js';
import type { OutgoingMessage } from './outbox.js';
import { Outbox } from './outbox.js';
import type { KeyValueStorage, WebStorage } from './storage.js';
import { LocalStorage, MemoryStorage } from './storage.js';

const refusal = (code: string, retryAfter?: number) =>
  new ChatError({ code, message: code, ...(retryAfter !== undefined && { retryAfter }) });
const outgoing = (clientMessageId: string, chatId = CHAT): OutgoingMessage => ({
  chatId,
  clientMessageId,
  content: clientMessageId,
});

/**
 * An outbox whose sends fail as `failures` says, first to last, and then succeed; each takes as long as
 * `answers` says.
 */
const setUp = (storage: KeyValueStorage = new MemoryStorage(), account = 'me', limit = 1000) => {
  const timers = new FakeTimers();
  const tried: string[] = [];
  const sent: string[] = [];
  const failed: string[] = [];
  /** What is shown as pending by whoever is told that a message is sent, or never will be. */
  const shown: string[][] = [];
  const failures: ChatError[] = [];
  const answers: Promise<void>[] = [];
  const outbox = new Outbox({
    account,
    storage,
    timers,
    limit,
    send: async ({ clientMessageId }) => {
      tried.push(clientMessageId);
      await answers.shift();
      const failure = failures.shift();
      if (failure) throw failure;
      return message(tried.length, { clientMessageId });
    },
    onSent: ({ clientMessageId }) => {
      sent.push(clientMessageId!);
      shown.push(pending());
    },
    onFailed: ({ clientMessageId }) => {
      failed.push(clientMessageId);
      shown.push(pending());
    },
  });
  const pending = () => outbox.pending().map(({ clientMessageId }) => clientMessageId);
  return { timers, tried, sent, failed, shown, failures, answers, outbox };
};

/** The browser's localStorage, as far as it matters. */
const webStorage = (): WebStorage => {
  const values = new Map<string, string>();
  return {
    get length() {
      return values.size;
    },
    key: (index) => [...values.keys()][index] ?? null,
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
};

describe('the outbox', () => {
  it('tries again until there is an answer, each time after a longer pause', async () => {
    const { timers, tried, sent, failures, outbox } = setUp();
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
    const { timers, sent, failures, outbox } = setUp();
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
    const { sent, failed, failures, outbox } = setUp(storage);
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
      const { failed, failures, outbox } = setUp(storage);
      failures.push(refusal(code));
      void outbox.add(outgoing('a'));
      await nextTurn();
      outbox.close();
      expect([failed, await storage.keys('')]).toEqual([[], [expect.stringContaining('a')]]);

      const next = setUp(storage);
      await next.outbox.load();
      await nextTurn();
      expect(next.sent).toEqual(['a']);
    },
  );

  it('takes so many messages, those left from before included, and no more until one is sent', async () => {
    const storage = new MemoryStorage();
    const before = setUp(storage);
    before.failures.push(refusal('DISCONNECTED'));
    void before.outbox.add(outgoing('a'));
    await eventually(async () => (await storage.keys('')).length === 1);
    before.outbox.close();

    const { failures, outbox, sent } = setUp(storage, 'me', 2);
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
    const { shown, failures, outbox } = setUp(new MemoryStorage(), 'me', 1);
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
      const page = setUp(storage);
      await page.timers.advance(now);
      page.outbox.close();
      await page.outbox.load();
      for (const id of ids) void page.outbox.add(outgoing(id));
      await nextTurn();
    }
    const last = setUp(storage);
    await last.outbox.load();
    await nextTurn();
    expect(last.sent).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('keeps the order of what is written on one page although the clock is set back', async () => {
    const storage = new MemoryStorage();
    const page = setUp(storage);
    page.outbox.close();
    await page.timers.advance(60_000);
    void page.outbox.add(outgoing('a'));
    await nextTurn();
    page.timers.now = () => 1000;
    void page.outbox.add(outgoing('b'));
    await nextTurn();
    const next = setUp(storage);
    await next.outbox.load();
    await nextTurn();
    expect(next.sent).toEqual(['a', 'b']);
  });

  it('does not wait any longer once the connection is back', async () => {
    const { sent, failures, outbox } = setUp();
    failures.push(refusal('DISCONNECTED'));
    const done = outbox.add(outgoing('a'));
    await nextTurn();
    outbox.wake();
    await done;
    expect(sent).toEqual(['a']);
  });

  it('does not wait longer on a new connection because the outage before was long', async () => {
    const { timers, tried, failures, outbox } = setUp();
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
    const { timers, tried, sent, failures, outbox } = setUp();
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
    const { timers, tried, sent, failures, outbox } = setUp();
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
    const { tried, sent, answers, outbox } = setUp();
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
    const before = setUp(storage);
    before.failures.push(refusal('DISCONNECTED'));
    void before.outbox.add(outgoing('a'));
    void before.outbox.add(outgoing('b'));
    const other = setUp(storage, 'somebody else');
    other.failures.push(refusal('DISCONNECTED'));
    void other.outbox.add(outgoing('c'));
    await eventually(async () => (await storage.keys('parley:outbox:')).length === 3);
    before.outbox.close();

    const after = setUp(storage);
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
    const { sent, outbox } = setUp(full);
    await outbox.add(outgoing('a'));
    expect(sent).toEqual(['a']);

    const damaged = new MemoryStorage();
    await damaged.set('parley:outbox:me:1', '{"chatId":');
    const reader = setUp(damaged);
    await reader.outbox.load();
    expect([reader.outbox.pending(), await damaged.keys('')]).toEqual([[], []]);
  });
});

describe('pages that share a storage', () => {
  /** A server that now and then is not reached, or reached without its answer coming back. */
  const newLog = (random: Random) => {
    const written: string[] = [];
    const send = async ({ clientMessageId }: OutgoingMessage) => {
      await nextTurn();
      const luck = random.next();
      if (luck < 0.2) throw refusal('DISCONNECTED');
      if (!written.includes(clientMessageId)) written.push(clientMessageId);
      if (luck < 0.4) throw refusal('TIMEOUT');
      return message(1, { clientMessageId });
    };
    return { written, send };
  };

  it.each([
    ['one after the other', 1],
    ['two at a time', 2],
  ])('have each message written once, and each in its order, %s', async (_, tabs) => {
    const random = new Random(SEED);
    for (let round = 0; round < runs(20); round += 1) {
      const { written, send } = newLog(random);
      const storage = new MemoryStorage();
      const said: string[][] = [];
      const openPage = async () => {
        const timers = new FakeTimers();
        // No page's clock agrees with another's.
        await timers.advance(random.between(0, 100_000));
        const parts = { account: 'me', storage, timers, limit: 1000, send };
        const outbox = new Outbox({ ...parts, onSent: () => 0, onFailed: () => 0 });
        await outbox.load();
        const mine: string[] = [];
        said.push(mine);
        return { timers, outbox, mine };
      };
      const pages = await Promise.all(Array.from({ length: tabs }, openPage));
      for (let step = 0; step < 40; step += 1) {
        const place = random.between(0, tabs - 1);
        const page = pages[place]!;
        const choice = random.next();
        if (choice < 0.5) {
          const id = `${said.indexOf(page.mine)}-${page.mine.length}`;
          page.mine.push(id);
          void page.outbox.add(outgoing(id));
        } else if (choice < 0.85) await page.timers.advance(random.between(0, 2000));
        else {
          page.outbox.close();
          pages[place] = await openPage();
        }
      }
      const last = await openPage();
      for (const { outbox, timers } of [...pages, last]) {
        for (let i = 0; i < 100 && outbox.pending().length > 0; i += 1) {
          await timers.advance(60_000);
        }
        expect(outbox.pending()).toEqual([]);
      }
      expect(written.toSorted()).toEqual(said.flat().toSorted());
      for (const mine of said) {
        expect(written.filter((id) => mine.includes(id))).toEqual(mine);
      }
      // Where only one page was there at a time, its messages come before those of the next one.
      const isInOrder = JSON.stringify(written) === JSON.stringify(said.flat());
      expect([tabs > 1 || isInOrder, await storage.keys('')]).toEqual([true, []]);
    }
  });
});

describe('a storage that fails the outbox', () => {
  it('does not keep what was sent or refused from being done with when nothing can be removed', async () => {
    const storage = new MemoryStorage();
    storage.remove = () => Promise.reject(new Error('read-only'));
    const { tried, sent, failed, failures, outbox } = setUp(storage);
    await outbox.add(outgoing('a'));
    failures.push(refusal('NOT_FOUND'));
    await expect(outbox.add(outgoing('b'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await outbox.add(outgoing('c'));
    expect([tried, sent, failed, outbox.pending()]).toEqual([
      ['a', 'b', 'c'],
      ['a', 'c'],
      ['b'],
      [],
    ]);
  });

  it('takes up what follows a damaged message that cannot be removed', async () => {
    const storage = new MemoryStorage();
    await storage.set('parley:outbox:me:1', '{"chatId":');
    await storage.set('parley:outbox:me:2', JSON.stringify(outgoing('a')));
    storage.remove = () => Promise.reject(new Error('read-only'));
    const { sent, outbox } = setUp(storage);
    await outbox.load();
    await nextTurn();
    expect(sent).toEqual(['a']);
  });

  it('sends although the storage throws on being asked, and does not count that as waiting', async () => {
    const storage = new MemoryStorage();
    storage.set = () => {
      throw new Error('not allowed');
    };
    const { sent, outbox } = setUp(storage, 'me', 1);
    await outbox.add(outgoing('a'));
    await outbox.add(outgoing('b'));
    expect(sent).toEqual(['a', 'b']);
  });

  it('takes up what follows a message that cannot be read now, and keeps that for the next start', async () => {
    const storage = new MemoryStorage();
    await storage.set('parley:outbox:me:1', JSON.stringify(outgoing('a')));
    await storage.set('parley:outbox:me:2', JSON.stringify(outgoing('b')));
    const get = storage.get.bind(storage);
    storage.get = (key) => (key.endsWith('1') ? Promise.reject(new Error('busy')) : get(key));
    const { sent, outbox } = setUp(storage);
    await outbox.load();
    await nextTurn();
    expect([sent, await storage.keys('')]).toEqual([['b'], ['parley:outbox:me:1']]);
  });

  it('sends nothing that is still being stored, so that it is not stored after it was removed', async () => {
    const storage = new MemoryStorage();
    const { tried, answers, outbox } = setUp(storage);
    let reply: () => void = () => undefined;
    answers.push(new Promise((resolve) => (reply = resolve)));
    const first = outbox.add(outgoing('a'));
    await nextTurn();
    const set = storage.set.bind(storage);
    let write: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (write = resolve));
    storage.set = (key, value) => slow.then(() => set(key, value));
    const second = outbox.add(outgoing('b'));
    reply();
    await first;
    await nextTurn();
    expect(tried).toEqual(['a']);
    write();
    await second;
    expect([tried, await storage.keys('')]).toEqual([['a', 'b'], []]);
  });
});

describe('a folder as storage', () => {
  it('keeps any key, and passes over half-written values and files of others', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-storage-'));
    const storage = new FileStorage(folder);
    await storage.set('a/b:c', 'value');
    await writeFile(join(folder, 'x.draft'), 'half');
    await writeFile(join(folder, '100%'), 'of somebody else');
    expect(await storage.keys('')).toEqual(['a/b:c']);
    expect([await storage.get('a/b:c'), await storage.get('x')]).toEqual(['value', undefined]);
    await storage.remove('a/b:c');
    expect(await storage.keys('')).toEqual([]);
    await rm(folder, { recursive: true });
  });
});
