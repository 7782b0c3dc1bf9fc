import { describe, expect, it } from '@jest/globals';
import { compileTextSearch } from './text-search.js';
import type { TextOptions } from '../storage/index-spec.js';

const OPTIONS: TextOptions = {
  weights: new Map([
    ['title', 10],
    ['body', 1],
  ]),
  searchesEverything: false,
  language: 'english',
  languageOverride: 'language',
};

const score = (search: string, document: Record<string, string>, options = OPTIONS) =>
  compileTextSearch({ $search: search }, options).score(document);

describe('a text search', () => {
  it('finds any of its words, by their stems, whatever their case and accents', () => {
    expect(score('brewed COFFEES', { body: 'How to brew' })).toBeGreaterThan(0);
    expect(score('cafe', { body: 'Un café' })).toBeGreaterThan(0);
    expect(score('tea', { body: 'How to brew' })).toBeUndefined();
    expect(score('the and of', { body: 'the and of' })).toBeUndefined();
  });

  it('wants all phrases as they stand', () => {
    const document = { body: 'Red apples, and green pears' };
    expect(score('"red apples"', document)).toBeGreaterThan(0);
    expect(score('"apples red"', document)).toBeUndefined();
    expect(score('pears "red apples"', document)).toBeGreaterThan(0);
    expect(score('pears "blue apples"', document)).toBeUndefined();
  });

  it('leaves out what a minus forbids, only at the start of a word', () => {
    const document = { body: 'coffee with cake' };
    expect(score('coffee -cakes', document)).toBeUndefined();
    expect(score('coffee -tea', document)).toBeGreaterThan(0);
    expect(score('coffee -"with cake"', document)).toBeUndefined();
    expect(score('-tea', document)).toBeUndefined();
    expect(score('coffee-cake', document)).toBeGreaterThan(0);
  });

  it("scores by MongoDB's formula", () => {
    // One of two terms, weight 10: 10 · 1 · (0.5 · 1/2 + 0.5).
    expect(score('coffee', { title: 'coffee shop' })).toBeCloseTo(7.5);
    // The whole text is the term: a tenth more.
    expect(score('shop', { title: 'Shop' })).toBeCloseTo(11);
    // Twice in three terms: (1 + 1/2) · (0.5 · 2/3 + 0.5).
    expect(score('coffee', { body: 'coffee, more coffee beans' })).toBeCloseTo(1.25);
    // Two words add up.
    expect(score('coffee shop', { title: 'coffee shop' })).toBeCloseTo(15);
  });

  it('knows the language of a document', () => {
    expect(score('run', { body: 'running' })).toBeGreaterThan(0);
    expect(score('run', { body: 'running', language: 'none' })).toBeUndefined();
    expect(() => score('run', { body: 'x', language: 'klingon' })).toThrow(/klingon/);
    const none = { ...OPTIONS, language: 'none' as const };
    expect(score('привет', { body: 'Привет, мир' }, none)).toBeGreaterThan(0);
  });

  it.each([
    [{}, /\$search/],
    [{ $search: 5 as never }, /\$search/],
    [{ $search: 'a', $caseSensitive: true }, /\$caseSensitive/],
    [{ $search: 'a', $language: 'french' }, /french/],
    [{ $search: 'a', $other: 1 as never }, /\$other/],
  ])('refuses %j', (operand, message) => {
    expect(() => compileTextSearch(operand, OPTIONS)).toThrow(message);
  });
});
