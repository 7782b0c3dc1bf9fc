import { describe, expect, it } from '@jest/globals';
import { Emitter } from './emitter.js';

describe('listeners', () => {
  it('are called once for each time that they listen, until that is ended', () => {
    const emitter = new Emitter<{ news: number }>();
    const heard: number[] = [];
    const listener = (payload: number) => void heard.push(payload);
    const ends = [emitter.on('news', listener), emitter.on('news', listener)];
    emitter.emit('news', 1);
    ends[0]!();
    emitter.emit('news', 2);
    ends[1]!();
    emitter.emit('news', 3);
    expect(heard).toEqual([1, 1, 2]);
  });

  it('that listen anew when they are called hear the next event, and not the same one for ever', () => {
    const emitter = new Emitter<{ news: number }>();
    const heard: number[] = [];
    const listener = (payload: number) => {
      heard.push(payload);
      end();
      if (heard.length < 5) end = emitter.on('news', listener);
    };
    let end = emitter.on('news', listener);
    emitter.emit('news', 1);
    emitter.emit('news', 2);
    expect(heard).toEqual([1, 2]);
  });

  it('that one before them has ended are not called any more', () => {
    const emitter = new Emitter<{ news: undefined }>();
    const heard: string[] = [];
    emitter.on('news', () => {
      heard.push('first');
      end();
    });
    const end = emitter.on('news', () => void heard.push('second'));
    emitter.emit('news', undefined);
    expect(heard).toEqual(['first']);
  });
});
