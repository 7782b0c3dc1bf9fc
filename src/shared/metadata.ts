import Joi from 'joi';

/** What the users of the API attach to a thing for themselves: a JSON object, which Parley stores and does not read. */
export type Metadata = Record<string, unknown>;

/** Bytes of the object as UTF-8 JSON. */
export const METADATA_MAX_BYTES = 4096;
/** Objects and lists within one another, the outermost included. */
const MAX_LEVELS = 8;
const MAX_KEY_LENGTH = 64;

/**
 * Keys that JavaScript, the database's driver or Mongoose gives a meaning: an object that has one would be taken for
 * something else on its way to the database.
 */
const RESERVED = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  '_bsontype',
  '_doc',
  'clone',
  'isMongooseArrayProxy',
  'isMongooseDocumentArrayProxy',
  'prototype',
  'toBSON',
  'toJSON',
  'toObject',
]);

const isKey = (key: string): boolean =>
  key.length > 0 &&
  key.length <= MAX_KEY_LENGTH &&
  key.isWellFormed() &&
  !key.startsWith('$') &&
  !/[.\0]/.test(key) &&
  !RESERVED.has(key);

/** What is wrong with a value of the metadata, as the code of an error; undefined when nothing is. */
const problemIn = (value: unknown, level: number): string | undefined => {
  if (typeof value !== 'object' || value === null) return undefined;
  if (level > MAX_LEVELS) return 'metadata.levels';
  for (const [key, member] of Object.entries(value)) {
    if (!Array.isArray(value) && !isKey(key)) return 'metadata.key';
    const problem = problemIn(member, level + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

/**
 * Metadata: a JSON object of at most 4,096 bytes and eight levels, with keys of 1 to 64 characters that have no `.`
 * and do not begin with `$`. An empty object is no metadata.
 */
export const metadataSchema = Joi.object<Metadata>()
  .unknown()
  .custom((value: Metadata, { error }) => {
    if (Buffer.byteLength(JSON.stringify(value)) > METADATA_MAX_BYTES) {
      return error('metadata.bytes', { limit: METADATA_MAX_BYTES });
    }
    const problem = problemIn(value, 1);
    return problem === undefined ? value : error(problem, { limit: MAX_LEVELS });
  })
  .description(
    'Data of your own, at most 4,096 bytes as JSON; keys have no `.` and do not begin with `$`',
  )
  .example({ orderId: 'A-1042' });

/** Whether a value obeys the rules of {@link metadataSchema}. */
export const isMetadata = (value: unknown): value is Metadata =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Buffer.byteLength(JSON.stringify(value)) <= METADATA_MAX_BYTES &&
  problemIn(value, 1) === undefined;

/** Metadata in a change: null, or an empty object, takes away what there is. */
export const newMetadataSchema = metadataSchema.allow(null);

/** The metadata in an answer; absent where there is none. */
export const metadataResponse = Joi.object().unknown().description('Data of your own');

/** Whether there is any. */
export const hasMetadata = (metadata: Metadata | null | undefined): metadata is Metadata =>
  metadata != null && Object.keys(metadata).length > 0;

const sorted = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
};

/** The metadata as text, the same whatever the order of its keys. */
export const metadataText = (metadata: Metadata): string => JSON.stringify(sorted(metadata));

/** Collections whose metadata can be searched by value. */
export const INDEXED_COLLECTIONS = ['messages', 'users', 'chats'] as const;

/** The keys of metadata by whose value one may search, by collection. */
export type MetadataIndexes = Record<(typeof INDEXED_COLLECTIONS)[number], string[]>;

/** A search by exact values: key of the metadata → value as text. */
export type MetadataFilter = Record<string, string>;

const PARAMETER = 'metadata.';
const MAX_VALUE = 256;

/** Parameters of a query, one per key by whose value one may search; every other key is refused by name. */
export const metadataParameters = (keys: string[]): Record<string, Joi.Schema> =>
  Object.fromEntries(
    keys.map((key) => [
      `${PARAMETER}${key}`,
      Joi.string().max(MAX_VALUE).description(`Only with this value of \`${key}\` in the metadata`),
    ]),
  );

/** The search by metadata in a query of {@link metadataParameters}; undefined when there is none. */
export const metadataFilterOf = (query: object): MetadataFilter | undefined => {
  const wanted = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    name.startsWith(PARAMETER) ? [[name.slice(PARAMETER.length), value as string]] : [],
  );
  return wanted.length > 0 ? Object.fromEntries(wanted) : undefined;
};

/** The values that a text in a query may stand for: it has no types. */
export const valuesOf = (text: string): (string | number | boolean)[] => {
  const number = Number(text);
  return [
    text,
    ...(text.trim() !== '' && String(number) === text ? [number] : []),
    ...(text === 'true' || text === 'false' ? [text === 'true'] : []),
  ];
};

/** Most indexes per collection: each costs every write of a document that has the key. */
const MAX_INDEXES = 10;

/**
 * The keys of METADATA_INDEXES, such as `messages.orderId`, by their collection.
 *
 * @throws for everything else.
 */
export const metadataIndexesOf = (names: readonly string[]): MetadataIndexes => {
  const indexes: MetadataIndexes = { messages: [], users: [], chats: [] };
  for (const name of new Set(names)) {
    const [collection = '', key = '', ...rest] = name.split('.');
    const keys = (indexes as Record<string, string[] | undefined>)[collection];
    if (!keys || rest.length > 0 || !isKey(key)) {
      throw new Error(`must name keys such as messages.orderId or users.tier, not ${name}`);
    }
    keys.push(key);
    if (keys.length > MAX_INDEXES) {
      throw new Error(`can name at most ${MAX_INDEXES} keys of ${collection}`);
    }
  }
  return indexes;
};
