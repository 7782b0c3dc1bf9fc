import { beforeEach, describe, expect, it } from '@jest/globals';
import { hold } from './hold.js';

describe('what several hold', () => {
  let owner: object;
  let log: string[];
  const take = (name = 'chat') =>
    hold(owner, name, {
      open: () => log.push(`open ${name}`),
      close: () => log.push(`close ${name}`),
    });
  const effectsAreDone = () => new Promise<void>((resolve) => queueMicrotask(resolve));
  beforeEach(() => {
    [owner, log] = [{}, []];
  });

  it('is opened once and closed when the last one has let go', async () => {
    const releases = [take(), take(), take()];
    for (const release of releases.slice(1)) release();
    await effectsAreDone();
    expect(log).toEqual(['open chat']);
    releases[0]!();
    await effectsAreDone();
    expect(log).toEqual(['open chat', 'close chat']);
  });

  it('stays open when it is taken again at once', async () => {
    take()();
    const release = take();
    await effectsAreDone();
    expect(log).toEqual(['open chat']);
    release();
    await effectsAreDone();
    expect(log).toEqual(['open chat', 'close chat']);
  });

  it('is opened anew after it was closed', async () => {
    take()();
    await effectsAreDone();
    take();
    expect(log).toEqual(['open chat', 'close chat', 'open chat']);
  });

  it('is let go of once, however often that is asked for', async () => {
    const release = take();
    take();
    release();
    release();
    await effectsAreDone();
    expect(log).toEqual(['open chat']);
  });

  it('is another thing under another name or of another owner', async () => {
    take('a')();
    take('b');
    owner = {};
    take('a');
    await effectsAreDone();
    expect(log).toEqual(['open a', 'open b', 'open a', 'close a']);
  });
});
