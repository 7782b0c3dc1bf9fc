import { describe, expect, it } from '@jest/globals';
import Joi from 'joi';
import { AppError } from './errors.js';
import { MAX_ERRORS, validate } from './validate.js';

const id = Joi.string().pattern(/^[0-9a-f]{24}$/, 'id');
const attachment = Joi.object({ url: Joi.string().max(2048).required(), size: Joi.number() });
const message = Joi.object({
  chatId: id,
  media: Joi.array().items(attachment).single().min(1).max(10),
  messageIds: Joi.array().items(id).max(1000),
  versions: Joi.object()
    .pattern(/^[0-9a-f]{24}$/, Joi.number().min(0))
    .max(3000),
  anything: Joi.object().unknown(),
  room: Joi.alternatives().try(Joi.string(), Joi.object({ room: Joi.string(), tags: Joi.array() })),
  userIds: Joi.array()
    .items(id)
    .max(500)
    .when('chatId', { is: Joi.exist(), then: Joi.forbidden() }),
});

const times = <T>(length: number, make: (i: number) => T): T[] =>
  Array.from({ length }, (_, i) => make(i));
const idOf = (i: number): string => i.toString(16).padStart(24, '0');
const wide = (members: number): Record<string, unknown> =>
  Object.fromEntries(times(members, (i) => [`member${i}`, i]));
const nest = (depth: number, wrap: (inner: unknown) => unknown): unknown => {
  let value: unknown = 'x';
  for (let i = 0; i < depth; i++) value = wrap(value);
  return value;
};

const refusalOf = (input: unknown, schema: Joi.Schema = message): AppError => {
  try {
    validate(schema, input);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('the input was taken');
};

describe('input that is as large as its schema allows', () => {
  it.each<[string, object]>([
    ['ten attachments', { media: times(10, () => ({ url: 'https://x.example', size: 1 })) }],
    ['one attachment without a list', { media: { url: 'https://x.example' } }],
    ['a thousand ids', { messageIds: times(1000, idOf) }],
    [
      'a map of three thousand chats',
      { versions: Object.fromEntries(times(3000, (i) => [idOf(i), i])) },
    ],
    ['an open object, as deep as anybody needs', { anything: nest(10, (inner) => ({ a: inner })) }],
    [
      'an open object with lists',
      { anything: { candidates: times(50, (i) => ({ candidate: 'x', i })) } },
    ],
    ['either of two types', { room: { room: 'general' } }],
    ['a list that depends on another member', { userIds: times(500, idOf) }],
  ])('is taken: %s', (_, input) => {
    expect(validate(message, input)).toBeDefined();
  });
});

describe('input that is larger than its schema could take', () => {
  it.each<[string, object | unknown[], string]>([
    ['a long list of objects', { media: times(85_000, () => ({})) }, 'media'],
    ['a long list of numbers', { messageIds: times(127_000, () => 0) }, 'messageIds'],
    ['a list that is one too long', { messageIds: times(1001, idOf) }, 'messageIds'],
    [
      'a list in a list item',
      { media: [{ url: 'x', size: times(9000, () => 1) }] },
      'media.0.size',
    ],
    ['a wide item of a list', { media: [wide(9000)] }, 'media.0'],
    ['a wide whole', wide(9000), ''],
    ['a wide map', { versions: wide(3001) }, 'versions'],
    ['a wide open object', { anything: wide(9000) }, 'anything'],
    ['a long list in an open object', { anything: { a: times(9000, () => 0) } }, 'anything.a'],
    ['a list of bytes in place of an object', { media: [Buffer.alloc(9000)] }, 'media.0'],
    ['a long list in one of several types', { room: { tags: times(9000, () => 0) } }, 'room.tags'],
    ['an unknown member of one of several types', { room: wide(9000) }, 'room'],
  ])('is refused by the path of the place: %s', (_, input, path) => {
    const { code, errors } = refusalOf(input);
    expect([code, errors]).toEqual(['VALIDATION', [{ path, message: expect.any(String) }]]);
  });

  it('is refused when it is many small lists that make it large', () => {
    const rows = times(190, () => times(190, () => 0));
    expect(refusalOf({ anything: { rows } })).toMatchObject({
      code: 'VALIDATION',
      errors: [{ path: expect.stringMatching(/^anything\.rows\.\d+/) }],
    });
  });

  it.each<[string, (inner: unknown) => unknown]>([
    ['lists', (inner) => [inner]],
    ['objects', (inner) => ({ a: inner })],
  ])('is refused when it is deep, in %s', (_, wrap) => {
    for (const depth of [20, 2000, 100_000]) {
      const { code, errors } = refusalOf({ anything: { deep: nest(depth, wrap) } });
      expect([code, errors!.length]).toEqual(['VALIDATION', 1]);
      expect(errors![0]!.path).toMatch(/^anything\.deep/);
    }
    for (const place of ['chatId', 'media', 'messageIds', 'versions', 'room', 'unknown']) {
      expect(refusalOf({ [place]: nest(100_000, wrap) }).errors![0]!.path).toMatch(
        new RegExp(`^${place}`),
      );
    }
  });
});

describe('the errors of an input', () => {
  it('name every wrong member while there are few', () => {
    const { errors } = refusalOf({ chatId: 'x', seq: 1, media: [{ url: 1 }, { size: 'x' }] });
    expect(errors!.map(({ path }) => path).sort()).toEqual(
      ['chatId', 'media.0.url', 'media.1.size', 'media.1.url', 'seq'].sort(),
    );
  });

  it(`are ${MAX_ERRORS} at most`, () => {
    expect(refusalOf({ messageIds: times(60, () => 0) }).errors).toHaveLength(MAX_ERRORS);
    expect(refusalOf(wide(MAX_ERRORS + 5)).errors).toHaveLength(MAX_ERRORS);
  });

  it('are the first one alone where the input is long', () => {
    for (const messageIds of [times(1000, () => 0), times(1000, () => ({}))]) {
      expect(refusalOf({ messageIds }).errors).toMatchObject([{ path: 'messageIds.0' }]);
    }
    const versions = Object.fromEntries(times(3000, (i) => [idOf(i), 'x']));
    expect(refusalOf({ versions }).errors).toMatchObject([{ path: `versions.${idOf(0)}` }]);
  });

  it.each<[string, object]>([
    ['long names', Object.fromEntries(times(20, (i) => [`${'🙂'.repeat(6000)}${i}`, 0]))],
    ['long texts', { chatId: 'é'.repeat(250_000), messageIds: times(60, () => 'x'.repeat(4000)) }],
    ['long names in an open object', { anything: { ['k'.repeat(60_000)]: times(999, () => 0) } }],
    ['text that is not well-formed', { anything: { ['k'.repeat(60_000)]: '\ud800' } }],
  ])('are short and whole whatever was sent: %s', (_, input) => {
    const { message: first, errors } = refusalOf(input);
    const text = JSON.stringify([first, errors]);
    expect(text.length).toBeLessThan(16_384);
    for (const { path, message: told } of errors!) {
      expect([path.isWellFormed(), told.isWellFormed()]).toEqual([true, true]);
    }
  });

  it('tell of broken text and of a key that is a trap, by the path', () => {
    expect(refusalOf({ anything: { a: ['\0'] } }).errors).toMatchObject([{ path: 'anything.a.0' }]);
    const trap = JSON.parse('{"anything":{"__proto__":{"a":1}}}') as object;
    expect(refusalOf(trap).errors).toMatchObject([{ path: 'anything.__proto__' }]);
  });
});
