/** Values that no honest client sends, and ways to break what an honest one does. */
import type { Random } from '../support/random.js';

/**
 * Deep enough to exhaust a stack that follows it carelessly, still a small frame, and not so deep that the
 * clients which send it could not write it themselves. Deeper ones go as text: {@link jsonOf}.
 */
const DEEP = 2000;

/** Text nested deeper than anything here, for a value that is too deep to be written as text. */
const BOTTOMLESS = '['.repeat(20_000) + ']'.repeat(20_000);

/** Whether a value is nested deeper than clients can write, or without end. */
export const isTooDeep = (value: unknown): boolean => {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > 2 * DEEP || level.length > 1_000_000) return true;
    level = level.flatMap((one) =>
      typeof one === 'object' && one !== null && !Buffer.isBuffer(one) ? Object.values(one) : [],
    );
  }
  return false;
};

/** A value as JSON. One deep value inside another may go deeper than the engine's stack. */
export const jsonOf = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? '';
  } catch (error) {
    if (error instanceof RangeError) return BOTTOMLESS;
    throw error;
  }
};

const nested = (depth: number, wrap: (inner: unknown) => unknown): unknown => {
  let value: unknown = 'x';
  for (let i = 0; i < depth; i++) value = wrap(value);
  return value;
};

/** An object with an own member of a name that object literals would take for something else. */
const owning = (name: string, value: unknown): object =>
  Object.defineProperty({}, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });

const STRINGS = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  'a\udfff\ud800b',
  '\u202e\u2066',
  '\uffff\ufeff',
  '__proto__',
  'constructor',
  'toString',
  '$where',
  '$ne',
  'a.b',
  'null',
  'undefined',
  'NaN',
  'Infinity',
  '-1',
  '1e309',
  '9007199254740993',
  '9223372036854775808',
  '0x10',
  '1,2',
  'true',
  'on',
  '../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '%00',
  '%',
  '%ff%fe',
  '<script>alert(1)</script>',
  '{"$gt":""}',
  '[object Object]',
  '(a+)+$',
  '[',
  '*',
  '\\',
  '"',
  '"a',
  '- -',
  "'; drop table users; --",
  '\r\nSet-Cookie: a=b',
  '👩‍👩‍👧‍👦'.repeat(20),
  `e${'\u0301'.repeat(400)}`,
  'İıſK',
  '2026-13-45T99:99:99Z',
  '+275760-09-13T00:00:00.001Z',
  '0000-01-01T00:00:00Z',
  '1969-12-31T23:59:59.999Z',
  'javascript:alert(1)',
  'data:text/html,x',
  'file:///etc/passwd',
  'http://[::1',
  'https://127.0.0.1:1/',
  `https://images.example.com/${'x'.repeat(3000)}`,
  'https://user:pass@host.example.com:99999/',
  'ffffffffffffffffffffffff',
  '000000000000000000000000',
  '0123456789abcdef0123456',
  '0123456789ABCDEF01234567',
  'zzzzzzzzzzzzzzzzzzzzzzzz',
  '123456789012',
  '5b0b9d4e-0c5a-4a3c-9f0f-1d2c3b4a5968',
  'eyJhbGciOiJub25lIn0.eyJ1c2VySWQiOiIxIn0.',
  'a'.repeat(129),
  'a'.repeat(10_001),
  'é'.repeat(20_000),
];

const NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.5,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 53),
  2 ** 63,
  1e308,
  -1e308,
  5e-324,
  NaN,
  Infinity,
];

const OTHERS: (() => unknown)[] = [
  () => null,
  () => true,
  () => false,
  () => ({}),
  () => [],
  () => [[]],
  () => [null],
  () => ({ $gt: '' }),
  () => ({ $ne: null }),
  () => ({ $where: 'sleep(1000)' }),
  () => ({ $regex: '.*', $options: 'i' }),
  () => ({ $in: [''] }),
  () => ({ $oid: '0123456789abcdef01234567' }),
  () => ({ $date: '2026-01-01' }),
  () => ({ _bsontype: 'ObjectId', id: 'x' }),
  () => ({ toString: 1, valueOf: 1 }),
  () => ({ toJSON: 'x', then: 'y' }),
  () => ({ length: 1e9 }),
  () => ({ constructor: { prototype: { isAdmin: true } } }),
  () => owning('__proto__', { isAdmin: true }),
  () => ({ type: 'Buffer', data: [1, 2, 3] }),
  () => ({ _placeholder: true, num: 0 }),
  () => Array.from({ length: 1000 }, () => 'a'),
  () => Array.from({ length: 300 }, (_, i) => i.toString(16).padStart(24, '0')),
  () => nested(DEEP, (inner) => [inner]),
  () => nested(DEEP, (inner) => ({ a: inner })),
  () => nested(9, (inner) => ({ $and: [inner] })),
];

const listOf = (length: number, make: () => unknown): unknown[] => Array.from({ length }, make);
const wideOf = (members: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: members }, (_, i) => [`m${i}`, 0]));

/** Values that are about so many bytes long as JSON: long, wide, or both. */
const HUGE: ((bytes: number) => unknown)[] = [
  (bytes) => listOf(bytes / 2, () => 0),
  (bytes) => listOf(bytes / 3, () => ({})),
  (bytes) => listOf(bytes / 3, () => []),
  (bytes) => listOf(bytes / 27, () => 'a'.repeat(24)),
  (bytes) => listOf(bytes / 1000, () => wideOf(100)),
  (bytes) => listOf(Math.sqrt(bytes / 2), () => listOf(Math.sqrt(bytes / 2), () => 0)),
  (bytes) => listOf(bytes / (2 * DEEP + 10), () => nested(DEEP / 2, (inner) => [inner])),
  (bytes) => wideOf(bytes / 10),
  (bytes) => ({ a: wideOf(bytes / 20), b: wideOf(bytes / 20) }),
  (bytes) => ({ ['k'.repeat(bytes / 2)]: 'v'.repeat(bytes / 2) }),
  (bytes) => nested(DEEP, (inner) => ({ a: inner, b: 'x'.repeat(bytes / DEEP / 2) })),
  (bytes) => 'é '.repeat(bytes / 3),
];

/** A value as large as a transport lets through. */
export const hugeValue = (random: Random, bytes: number): unknown =>
  random.pick(HUGE)(random.pick([bytes, bytes, bytes / 10, bytes / 100]));

/** The input with a huge value in place of one of its members, or of one that does not belong there. */
export const bloated = (
  random: Random,
  value: Record<string, unknown>,
  bytes: number,
): Record<string, unknown> => ({
  ...value,
  [random.pick([...Object.keys(value), 'unknownMember'])]: hugeValue(random, bytes),
});

const BAD_KEYS = [
  '__proto__',
  'constructor',
  '$where',
  '$set',
  'a.b',
  '',
  '\0',
  'seq',
  'role',
  '_id',
];

/** What mutations draw from besides the lists above. */
export interface Material {
  /** Ids that the caller could have come by, its own and others'. */
  ids: readonly string[];
  /** Names of members that inputs of the server have. */
  names: readonly string[];
}

/** A text that no honest client sends, or somebody's id. */
export const hostileText = (random: Random, { ids }: Pick<Material, 'ids'>): string =>
  random.next() < 0.3 && ids.length > 0 ? random.pick(ids) : random.pick(STRINGS);

/** Any value that no honest client sends in some place. */
export const hostileValue = (random: Random, material: Pick<Material, 'ids'>): unknown => {
  const dice = random.next();
  if (dice < 0.45) return hostileText(random, material);
  if (dice < 0.6) return random.pick(NUMBERS);
  return random.pick(OTHERS)();
};

type Holder = Record<string, unknown>;

/** Own members of every object and array in a value, down to a depth that inputs have. */
const placesIn = (value: unknown, depth = 0): [Holder, string][] => {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value) || depth > 6) return [];
  return Object.entries(value).flatMap(([key, member]): [Holder, string][] => [
    [value as Holder, key],
    ...placesIn(member, depth + 1),
  ]);
};

const put = (holder: Holder, key: string, value: unknown): void => {
  Object.defineProperty(holder, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
};

const breakPlace = (random: Random, material: Material, holder: Holder, key: string): void => {
  const value = holder[key];
  switch (random.between(0, 9)) {
    case 0:
      Reflect.deleteProperty(holder, key);
      break;
    case 1:
      put(holder, key, [value]);
      break;
    case 2:
      put(holder, key, { [random.pick(['$ne', '$gt', '$in', 'id', '0'])]: value });
      break;
    case 3:
      put(holder, random.next() < 0.5 ? random.pick(BAD_KEYS) : random.pick(material.names), value);
      break;
    case 4:
      put(holder, random.pick(material.names), hostileValue(random, material));
      break;
    case 5:
      if (Array.isArray(value))
        put(holder, key, [...value, ...value, hostileText(random, material)]);
      else if (typeof value === 'string') put(holder, key, value.repeat(random.between(2, 60)));
      else put(holder, key, jsonOf(value));
      break;
    case 6:
      if (material.ids.length > 0) put(holder, key, random.pick(material.ids));
      break;
    default:
      put(holder, key, hostileValue(random, material));
  }
};

/** The value with one to three things about it broken; the value itself is left alone. */
export const mutated = (random: Random, material: Material, value: unknown): unknown => {
  const copy = { root: structuredClone(value) } as Holder;
  const times = random.pick([1, 1, 1, 2, 3]);
  for (let i = 0; i < times; i++) {
    const places = placesIn(copy);
    if (places.length === 0) break;
    // The whole is one place among many: replacing it leaves nothing to look at.
    const inner = places.filter(([holder]) => holder !== copy);
    const [holder, key] = random.pick(inner.length > 0 && random.next() < 0.95 ? inner : places);
    breakPlace(random, material, holder, key);
  }
  return copy.root;
};

/** What a text of JSON, or any bytes, may be cut into or have inserted. */
const TOKENS = ['{', '}', '[', ']', ',', ':', '"', '\\u0000', '\\ud800', 'NaN', '1e999', '-', '\0']
  .concat(['//', '"__proto__":{"a":1},', '"__proto__":1,', '\ufeff', '0'.repeat(400), '\r\n\r\n'])
  .map((token) => Buffer.from(token));

/** The bytes with one to four places cut out, doubled, overwritten or inserted. */
export const mutatedBytes = (random: Random, given: Buffer): Buffer => {
  let bytes: Buffer = Buffer.from(given);
  const times = random.between(1, 4);
  for (let i = 0; i < times; i++) {
    const at = random.between(0, bytes.length);
    const to = Math.min(bytes.length, at + random.between(1, 40));
    const [head, part, tail] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
    switch (random.between(0, 5)) {
      case 0:
        bytes = Buffer.from(head);
        break;
      case 1:
        bytes = Buffer.concat([head, tail]);
        break;
      case 2:
        bytes = Buffer.concat([head, part, part, tail]);
        break;
      case 3:
        bytes = Buffer.concat([head, randomBytes(random, to - at), tail]);
        break;
      default:
        bytes = Buffer.concat([head, random.pick(TOKENS), part, tail]);
    }
  }
  return bytes;
};

/** Bytes of any kind. */
export const randomBytes = (random: Random, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => random.between(0, 255)));
