import { describe, expect, it } from '@jest/globals';
import { CoalescedTask } from './coalesced-task.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Rounds that end when told to, and what each took in. */
const setUp = () => {
  const gathered: string[] = [];
  const taken: string[][] = [];
  const ends: ((error?: Error) => void)[] = [];
  const rounds = new CoalescedTask(() => {
    taken.push(gathered.splice(0));
    return new Promise((resolve, reject) => {
      ends.push((error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  });
  const ask = (what: string) => {
    gathered.push(what);
    return rounds.run();
  };
  return { rounds, ask, taken, ends };
};

describe('rounds', () => {
  it('come one after the other, and who asks during one shares the next', async () => {
    const { ask, ends, rounds, taken } = setUp();
    const first = ask('a');
    await turn();
    const waiting = [ask('b'), ask('c'), ask('d')];
    await turn();
    expect(taken).toEqual([['a']]);
    ends[0]!();
    await first;
    await turn();
    expect(taken).toEqual([['a'], ['b', 'c', 'd']]);
    let isIdle = false;
    void rounds.idle().then(() => {
      isIdle = true;
    });
    await turn();
    expect(isIdle).toBe(false);
    ends[1]!();
    await Promise.all(waiting);
    await turn();
    expect([isIdle, taken.length]).toEqual([true, 2]);
  });

  it('go on after one has failed', async () => {
    const { ask, ends, taken } = setUp();
    const failing = ask('a');
    await turn();
    const next = ask('b');
    ends[0]!(new Error('broken'));
    await expect(failing).rejects.toThrow('broken');
    await turn();
    ends[1]!();
    await next;
    expect(taken).toEqual([['a'], ['b']]);
  });
});
