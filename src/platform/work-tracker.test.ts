import { describe, expect, it } from '@jest/globals';
import { AppError } from '../shared/errors.js';
import { WorkTracker } from './work-tracker.js';

const codeOf = (work: () => void): string => {
  try {
    work();
    return 'let in';
  } catch (error) {
    return (error as AppError).code;
  }
};

describe('the work tracker of a node', () => {
  it('refuses what the load refuses', () => {
    const work = new WorkTracker({
      admit: (what) => {
        if (what === 'signals') throw new AppError('UNAVAILABLE', 'busy');
      },
    });
    expect(codeOf(() => work.admit('signals'))).toBe('UNAVAILABLE');
    expect(codeOf(() => work.admit('work'))).toBe('let in');
  });

  it('refuses new work on the way down in a way that asks for another attempt', () => {
    const work = new WorkTracker({ admit: () => undefined });
    work.close();
    expect(codeOf(() => work.admit('work'))).toBe('SHUTTING_DOWN');
    expect(codeOf(() => work.admit('signals'))).toBe('let in');
    try {
      work.admit('work');
    } catch (error) {
      expect((error as AppError).toBody()).toMatchObject({ retryAfter: 1 });
    }
    expect.assertions(3);
  });

  it('waits for what was under way, and for nothing that began later', async () => {
    const work = new WorkTracker({ admit: () => undefined });
    const ends = [work.begin(), work.begin()];
    work.close();
    work.begin();
    let isIdle = false;
    const idle = work.idle().then(() => {
      isIdle = true;
    });
    ends[0]!();
    ends[0]!();
    await Promise.resolve();
    expect(isIdle).toBe(false);
    ends[1]!();
    await idle;
    expect(isIdle).toBe(true);
    await work.idle();
  });
});
