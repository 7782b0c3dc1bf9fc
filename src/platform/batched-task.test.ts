import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { BatchedTask } from './batched-task.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A task over numbers, whose calls end when told to. */
const setUp = () => {
  let gathered: number[] = [];
  const handled: number[][] = [];
  const failed: [unknown, number[]][] = [];
  const ends: ((error?: Error) => Promise<unknown>)[] = [];
  const task = new BatchedTask<number>({
    take: () => {
      const taken = gathered;
      gathered = [];
      return taken;
    },
    maxItems: 2,
    handle: (items) => {
      handled.push(items);
      return new Promise((resolve, reject) => {
        ends.push((error) => {
          if (error) reject(error);
          else resolve();
          return turn();
        });
      });
    },
    onError: (error, items) => failed.push([error, items]),
  });
  const add = (...items: number[]) => {
    gathered.push(...items);
    task.startWithin(100);
  };
  return { task, handled, failed, ends, add };
};

describe('a batched task', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('begins a while after the first item, and then takes all that have gathered', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const { add, handled } = setUp();
    add(1);
    jest.advanceTimersByTime(99);
    add(2);
    await turn();
    expect(handled).toEqual([]);
    jest.advanceTimersByTime(1);
    await turn();
    expect([handled, jest.getTimerCount()]).toEqual([[[1, 2]], 0]);
  });

  it('handles a few items at a time, and one batch after the other', async () => {
    const { add, ends, handled, task } = setUp();
    add(1, 2, 3);
    const done = task.flush();
    await turn();
    add(4);
    const next = task.flush();
    await turn();
    expect(handled).toEqual([[1, 2]]);
    await ends[0]!();
    expect(handled).toEqual([[1, 2], [3]]);
    await ends[1]!();
    await done;
    expect(handled).toEqual([[1, 2], [3], [4]]);
    await ends[2]!();
    await next;
  });

  it('reports what fails, and goes on with the next', async () => {
    const { add, ends, failed, handled, task } = setUp();
    const failure = new Error('away');
    add(1, 2, 3);
    const done = task.flush();
    await turn();
    await ends[0]!(failure);
    await ends[1]!();
    await done;
    expect([handled, failed]).toEqual([[[1, 2], [3]], [[failure, [1, 2]]]]);
  });

  it('handles what has gathered before it closes, and then begins no more', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const { add, ends, handled, task } = setUp();
    add(1);
    const closed = task.close();
    await turn();
    await ends[0]!();
    await closed;
    add(2);
    jest.advanceTimersByTime(1000);
    await turn();
    expect([handled, jest.getTimerCount()]).toEqual([[[1]], 0]);
  });

  it('calls nothing when nothing has gathered', async () => {
    const { handled, task } = setUp();
    await task.flush();
    await task.idle();
    expect(handled).toEqual([]);
  });
});
