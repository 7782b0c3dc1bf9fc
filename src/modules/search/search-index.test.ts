import { describe, expect, it } from '@jest/globals';
import type { SearchRow } from './search-block.js';
import { PendingRows, rowsFollowing } from './search-index.js';

const row = (version: number): SearchRow => ({
  chatId: 'chat',
  seq: version,
  version,
  senderId: 'sender',
  messageType: 'text',
  hasMedia: false,
  createdAt: 0,
  hiddenFor: [],
  text: `number ${version}`,
});

describe('the new messages that wait for the search index', () => {
  it('are kept by chat until they are drained', () => {
    const pending = new PendingRows();
    pending.add('a', row(1));
    pending.add('a', row(2));
    pending.add('b', row(1));
    expect(pending.has('a')).toBe(true);
    expect([...pending.drain()]).toEqual([
      ['a', [row(1), row(2)]],
      ['b', [row(1)]],
    ]);
    expect(pending.has('a')).toBe(false);
  });

  it('are dropped for a chat that also has a change which only the log knows', () => {
    const pending = new PendingRows();
    pending.add('a', row(1));
    pending.add('a', undefined);
    pending.add('a', row(3));
    expect([...pending.drain()]).toEqual([['a', undefined]]);
  });

  it('are dropped for a chat that has more than 200 of them', () => {
    const pending = new PendingRows();
    for (let i = 1; i <= 201; i += 1) pending.add('a', row(i));
    expect([...pending.drain()]).toEqual([['a', undefined]]);
  });
});

describe('the messages that follow an indexed version', () => {
  it('are those after it, in order, when none is missing', () => {
    expect(rowsFollowing(2, [row(4), row(2), row(3)])).toEqual([row(3), row(4)]);
    expect(rowsFollowing(9, [row(4)])).toEqual([]);
  });

  it('are unknown when a version is missing', () => {
    expect(rowsFollowing(2, [row(4)])).toBeUndefined();
    expect(rowsFollowing(2, [row(3), row(5)])).toBeUndefined();
    expect(rowsFollowing(2, undefined)).toBeUndefined();
  });
});
