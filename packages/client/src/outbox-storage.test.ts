import { describe, expect, it } from '@jest/globals';
import { openOutbox, outgoing, refusal } from '../test/outbox-fixture.js';
import { nextTurn } from '../test/fake-timers.js';
import { MemoryStorage } from './storage.js';

describe('a storage that fails the outbox', () => {
  it('does not keep what was sent or refused from being done with when nothing can be removed', async () => {
    const storage = new MemoryStorage();
    storage.remove = () => Promise.reject(new Error('read-only'));
    const { tried, sent, failed, failures, outbox } = openOutbox(storage);
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
    const { sent, outbox } = openOutbox(storage);
    await outbox.load();
    await nextTurn();
    expect(sent).toEqual(['a']);
  });

  it('sends although the storage throws on being asked, and does not count that as waiting', async () => {
    const storage = new MemoryStorage();
    storage.set = () => {
      throw new Error('not allowed');
    };
    const { sent, outbox } = openOutbox(storage, 'me', 1);
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
    const { sent, outbox } = openOutbox(storage);
    await outbox.load();
    await nextTurn();
    expect([sent, await storage.keys('')]).toEqual([['b'], ['parley:outbox:me:1']]);
  });

  it('sends nothing that is still being stored, so that it is not stored after it was removed', async () => {
    const storage = new MemoryStorage();
    const { tried, answers, outbox } = openOutbox(storage);
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
