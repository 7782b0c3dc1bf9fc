import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TYPE, parse } from '@formatjs/icu-messageformat-parser';
import type { MessageFormatElement } from '@formatjs/icu-messageformat-parser';
import { describe, expect, it } from '@jest/globals';
import { LOCALES } from './locales.js';

const CATALOGUES = join(import.meta.dirname, 'catalogues');

const read = (area: string, locale: string): Record<string, string> =>
  JSON.parse(readFileSync(join(CATALOGUES, area, `${locale}.json`), 'utf8')) as Record<
    string,
    string
  >;

/** Names of what a text is given, and of the tags in it, each once. */
const argumentsOf = (elements: MessageFormatElement[]): string[] => {
  const names = elements.flatMap((element) => {
    switch (element.type) {
      case TYPE.literal:
      case TYPE.pound:
        return [];
      case TYPE.tag:
        return [element.value, ...argumentsOf(element.children)];
      case TYPE.plural:
      case TYPE.select:
        return [
          element.value,
          ...Object.values(element.options).flatMap(({ value }) => argumentsOf(value)),
        ];
      default:
        return [element.value];
    }
  });
  return [...new Set(names)].sort();
};

describe.each(readdirSync(CATALOGUES))('the texts of %s', (area) => {
  const english = read(area, 'en');

  it.each(Object.keys(LOCALES))('are all there in %s, and take the same values', (locale) => {
    const texts = read(area, locale);
    expect(Object.keys(texts)).toEqual(Object.keys(english));
    const taken = (from: Record<string, string>) =>
      Object.fromEntries(Object.entries(from).map(([id, text]) => [id, argumentsOf(parse(text))]));
    expect(taken(texts)).toEqual(taken(english));
  });

  it('are all said', () => {
    expect(Object.values(english).filter((text) => text.trim() === '')).toEqual([]);
  });
});
