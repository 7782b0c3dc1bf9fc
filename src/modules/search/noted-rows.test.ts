import { describe, expect, it } from '@jest/globals';
import { NotedRows, rowsFollowing } from './noted-rows.js';
import type { SearchRow } from './search-block.js';

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

describe('noted rows', () => {
  it('are kept until they are taken', () => {
    const noted = new NotedRows();
    noted.add('a', row(1));
    noted.add('a', row(2));
    noted.add('b', row(1));
    expect(noted.has('a')).toBe(true);
    expect([...noted.take()].map(([chatId, { rows }]) => [chatId, rows?.length])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(noted.has('a')).toBe(false);
  });

  it('are given up for a chat in which more has happened than new messages, or too much', () => {
    const noted = new NotedRows();
    noted.add('a', row(1));
    noted.add('a', undefined);
    noted.add('a', row(3));
    for (let i = 1; i <= 201; i += 1) noted.add('b', row(i));
    const taken = noted.take();
    expect(taken.get('a')).toEqual({ rows: undefined });
    expect(taken.get('b')).toEqual({ rows: undefined });
  });
});

describe('rows that follow a version', () => {
  it('are those after it, in order, when none is missing', () => {
    expect(rowsFollowing(2, [row(4), row(2), row(3)])).toEqual([row(3), row(4)]);
    expect(rowsFollowing(9, [row(4)])).toEqual([]);
  });

  it('are unknown when one is missing', () => {
    expect(rowsFollowing(2, [row(4)])).toBeUndefined();
    expect(rowsFollowing(2, [row(3), row(5)])).toBeUndefined();
    expect(rowsFollowing(2, undefined)).toBeUndefined();
  });
});
