import { describe, expect, it } from '@jest/globals';
import { Turns } from './turns.js';

describe('work with one key', () => {
  it('begins at once and ends in order, also when some of it fails before its turn', async () => {
    const turns = new Turns();
    const log: string[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const first = turns.take('k', async (turn) => {
      log.push('first begins');
      await held;
      await turn;
      log.push('first ends');
    });
    const second = turns.take('k', () => Promise.reject(new Error('refused')));
    const third = turns.take('k', async (turn) => {
      log.push('third begins');
      await turn;
      log.push('third ends');
    });
    const other = turns.take('another', async (turn) => {
      await turn;
      log.push('another ends');
    });
    await other;
    await expect(second).rejects.toThrow('refused');
    release();
    await Promise.all([first, third]);
    expect(log).toEqual([
      'first begins',
      'third begins',
      'another ends',
      'first ends',
      'third ends',
    ]);
  });
});
