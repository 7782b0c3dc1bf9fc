import { describe, expect, it } from '@jest/globals';
import type Joi from 'joi';
import { toJsonSchema } from '../transport/http/json-schema.js';
import { nameText, removableText, text, textOrNothing, visibleText } from './text-schema.js';

const valueOf = (schema: Joi.Schema, value: unknown): unknown => {
  const { value: made, error } = schema.validate(value);
  return error ? error.details.map(({ type }) => type) : made;
};

const BLANKS = [
  ' ',
  '\n\t',
  '\u00A0',
  '\u200B',
  '\u2060',
  '\u00AD',
  '\u200E',
  '\uFEFF',
  '\u2800',
  '\u3164',
  '\uFE0F',
  '\u202E\u202C',
  '\u{E0020}',
];

describe('lengths', () => {
  it.each([
    ['a text', text(3)],
    ['a visible text', visibleText(3)],
    ['a text or nothing', textOrNothing(3)],
    ['a removable text', removableText(3)],
    ['a name', nameText(3)],
  ])('of %s are counted in code points', (_what, schema) => {
    for (const fitting of ['abc', '😀😀😀', '東京都', 'e\u0301']) {
      expect(schema.validate(fitting).error).toBeUndefined();
    }
    for (const long of ['abcd', '😀😀😀😀', '東京都に']) {
      expect(valueOf(schema, long)).toEqual(['string.max']);
    }
    expect(toJsonSchema(schema, 'input').schema).toMatchObject({ type: 'string', maxLength: 3 });
  });

  it('have a lower bound of the same kind, and plain words', () => {
    const schema = text(5).minCharacters(3).label('code');
    expect(valueOf(schema, '😀😀')).toEqual(['string.min']);
    expect(valueOf(schema, '😀😀😀')).toBe('😀😀😀');
    expect(toJsonSchema(schema, 'input').schema).toMatchObject({ minLength: 3, maxLength: 5 });
    expect(schema.validate('😀'.repeat(6)).error?.message).toBe(
      '"code" length must be less than or equal to 5 characters long',
    );
    expect(schema.validate(7).error?.message).toBe('"code" must be a string');
  });
});

describe('texts that show nothing', () => {
  it.each(BLANKS)(
    'are no visible text, no text at all beside others, and remove a text: %j',
    (blank) => {
      expect(visibleText(9).validate(blank).error).toBeDefined();
      expect(valueOf(textOrNothing(9), blank)).toBeUndefined();
      expect(valueOf(removableText(9), blank)).toBe('');
      expect(nameText(9).validate(blank).error).toBeDefined();
    },
  );

  it('are empty ones too', () => {
    expect(visibleText(9).validate('').error).toBeDefined();
    expect(valueOf(textOrNothing(9), '')).toBeUndefined();
    expect(valueOf(removableText(9), '')).toBe('');
    expect(nameText(9).validate('').error).toBeDefined();
  });

  it('may stand around what can be seen', () => {
    expect(valueOf(visibleText(9), '\u200Ba ')).toBe('\u200Ba ');
    expect(valueOf(textOrNothing(9), ' a')).toBe(' a');
    expect(valueOf(removableText(9), ' a\nb ')).toBe('a\nb');
  });
});

describe('names', () => {
  it.each([
    ['Ada Lovelace'],
    ["O'Neil"],
    ['O\u2019Neil'],
    ['Jean-Luc'],
    ['Ada 👩‍🔬'],
    ['❤️ 🏳️‍🌈 1️⃣ 🏴󠁧󠁢󠁳󠁣󠁴󠁿'],
    ['山田太郎'],
    ['葛\u{E0100}城'],
    ['مریم می\u200Cخواهد'],
    ['क्\u200Dष'],
    ['ශ්\u200Dරී ලංකා'],
    ['สมชาย'],
    ['אבי כהן'],
    ['א\u200E1'],
    ['C++ & <b>'],
    ['Nguyễn Văn Đức'],
  ])('take %s', (name) => {
    expect(valueOf(nameText(50), name)).toBe(name.normalize('NFC'));
  });

  it.each([
    ['a line end', 'Ada\nLovelace'],
    ['a separator of lines', 'Ada\u2028Lovelace'],
    ['a control character', 'Ada\u0007'],
    ['a turn of the direction', 'Ada\u202Egpj.exe'],
    ['an isolate', 'Ada\u2066'],
    ['a mark for the direction', 'Ada\u200F'],
    ['an Arabic mark for the direction', '\u061CAda'],
    ['a zero-width space', 'Ad\u200Ba'],
    ['a joiner between Latin letters', 'Ad\u200Da'],
    ['a joiner at the end', 'مریم\u200D'],
    ['a non-joiner between Cyrillic letters', 'Ив\u200Cан'],
    ['a soft hyphen', 'Ad\u00ADa'],
    ['a word joiner', 'Ad\u2060a'],
    ['a byte order mark inside', 'Ad\uFEFFa'],
    ['a Hangul filler', 'Ada\u3164Bob'],
    ['an empty Braille cell', 'Ada\u2800Bob'],
    ['a selector after a letter', 'Ada\uFE0F'],
    ['tags after a letter', 'Ada\u{E0041}'],
    ['tags behind an emoji', 'Ada 👍\u{E0061}\u{E0064}\u{E006D}\u{E0069}\u{E006E}\u{E007F}'],
    ['a long text of tags', `Ada 🏴${'\u{E0061}'.repeat(7)}\u{E007F}`],
    ['signs of tags', 'Ada 🏴\u{E0020}\u{E0021}\u{E0022}\u{E007F}'],
    ['a row of selectors', `Ada ❤${'\uFE0F\uFE0E'.repeat(2)}`],
    ['a row of selectors in a keycap', 'Ada 1\uFE0F\uFE0F\u20E3'],
    ['the place of an object', 'Ada\uFFFC'],
    ['a mark on nothing', '\u0301Ada'],
  ])('refuse %s', (_what, name) => {
    expect(valueOf(nameText(50), name)).toEqual(['text.name']);
  });

  it('have one form', () => {
    expect(valueOf(nameText(50), '  Ada \u3000 \u00A0Lovelace ')).toBe('Ada Lovelace');
    expect(valueOf(nameText(50), 'Zoe\u0308')).toBe('Zo\u00EB');
  });
});
