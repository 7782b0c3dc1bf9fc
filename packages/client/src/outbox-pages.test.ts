import { describe, expect, it } from '@jest/globals';
import { outgoing, refusal } from '../test/outbox-fixture.js';
import { message } from '../test/client-fixtures.js';
import { FakeTimers, nextTurn } from '../test/fake-timers.js';
import { Random } from '../../../test/support/random.js';
import { SEED, runs } from '../../../test/support/seed.js';
import type { OutgoingMessage } from './outbox.js';
import { Outbox } from './outbox.js';
import { MemoryStorage } from './storage.js';

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
