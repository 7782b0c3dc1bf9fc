import { describe, expect, it } from '@jest/globals';
import {
  chosenSlug,
  isMadeSlug,
  isPath,
  numberedSlug,
  roomNameKey,
  slugOfName,
} from './room-slugs.js';

describe('the slug of a room', () => {
  it.each<[string, string]>([
    ['general', 'general'],
    ['Book Club', 'book-club'],
    ['  Book   Club ', 'book-club'],
    ['Ｃafé Müller', 'café-müller'],
    ['Cafe\u0301', 'café'],
    ['日本語 部屋', '日本語-部屋'],
    ['हिन्दी', 'हिन्दी'],
    ['v1.0_beta-2', 'v1.0_beta-2'],
    ['R&D', 'r-d'],
    ['C++', 'c'],
    ['C#', 'c'],
    ['.NET', 'net'],
    ['#general', 'general'],
    ['AC/DC', 'ac-dc'],
    ["l'équipe", 'l-équipe'],
    ['Q & A: all of it!', 'q-a-all-of-it'],
    ['🎉 Party', 'party'],
    ['❤️ Love ❤️ songs', 'love-songs'],
    ['50 % off', '50-off'],
    ['C:\\temp', 'c-temp'],
    ['🎉', 'room'],
    ['???', 'room'],
    ['👩‍👩‍👧', 'room'],
    ['+', 'room'],
    ['665f1c2e9b1e8a3d4c5b6a79', 'room-665f1c2e9b1e8a3d4c5b6a79'],
    ['x'.repeat(100), 'x'.repeat(64)],
    [`${'x'.repeat(63)}! and more`, 'x'.repeat(63)],
  ])('of %j is %j', (name, slug) => {
    expect(slugOfName(name)).toBe(slug);
    expect(chosenSlug(slug)).toBe(slug);
    expect(encodeURIComponent(slug)).toMatch(/^(?:[\w.-]|%[\dA-F]{2})+$/);
  });

  it('stays as long as it may be with a number', () => {
    expect(numberedSlug('c', 2)).toBe('c-2');
    expect(numberedSlug('x'.repeat(64), 12)).toBe(`${'x'.repeat(61)}-12`);
    expect(numberedSlug(`${'x'.repeat(60)}-yyy`, 100)).toBe(`${'x'.repeat(60)}-100`);
  });

  it.each(['r&d', 'a/b', '', '-a', '.a', 'x'.repeat(65), '665f1c2e9b1e8a3d4c5b6a79', '🎉'])(
    'cannot be chosen to be %j',
    (slug) => {
      expect(chosenSlug(slug)).toBeUndefined();
    },
  );

  it.each<[string, string, boolean]>([
    ['C++', 'c', true],
    ['C#', 'c-2', true],
    ['🎉', 'room-17', true],
    ['Book Club', 'book-club', false],
    ['R&D', 'r-and-d', false],
    ['R&D', 'r-d', true],
    ['R&D', 'r-d-x', false],
    ['general', 'general', false],
  ])('of %j, %j, was made of a name that is no slug: %j', (name, slug, isMade) => {
    expect(isMadeSlug({ name, slug })).toBe(isMade);
  });
});

it('names of rooms that differ in case, spacing and Unicode form alone are compared as one', () => {
  const keys = ['Cafe\u0301 Noir', 'CAFÉ NOIR', ' café  noir ', 'Ｃafé noir', 'café-noir'];
  expect(new Set(keys.map(roomNameKey)).size).toBe(1);
  expect(new Set(['C', 'C+', 'C++', 'C#', 'C♯', 'c.'].map(roomNameKey)).size).toBe(6);
});

it('a path that leads upwards is no name of a room, and dots in a name are none', () => {
  expect(['..', '.', '../etc', 'a/../b', '..\\x', './a'].map(isPath)).not.toContain(false);
  expect(['...', '.NET', 'a..b', 'AC/DC', 'v1.0', 'wait...'].map(isPath)).not.toContain(true);
});
