import type { mongo } from 'mongoose';
import { trusted } from 'mongoose';
import type { MetadataFilter, MetadataIndexes } from '../shared/metadata.js';
import { INDEXED_COLLECTIONS, valuesOf } from '../shared/metadata.js';

const PREFIX = 'metadata_';

/** What the searches of a collection have beside the value, and their order. */
const FURTHER: Record<keyof MetadataIndexes, Record<string, 1 | -1>> = {
  messages: { chatId: 1, _id: -1 },
  users: { usernameLower: 1 },
  chats: { _id: -1 },
};

/**
 * Gives each collection one index per key of its metadata by whose value one may search, and removes those of keys
 * that are not searched any more. Documents without the key are in none of them and cost nothing.
 */
export const setMetadataIndexes = async (
  database: mongo.Db,
  indexes: MetadataIndexes,
): Promise<void> => {
  for (const name of INDEXED_COLLECTIONS) {
    await setIndexes(database.collection(name), indexes[name], FURTHER[name]);
  }
};

const setIndexes = async (
  collection: mongo.Collection,
  keys: string[],
  further: Record<string, 1 | -1>,
): Promise<void> => {
  const wanted = new Set(keys.map((key) => `${PREFIX}${key}`));
  for (const { name = '' } of await indexesOf(collection)) {
    if (name.startsWith(PREFIX) && !wanted.has(name)) await collection.dropIndex(name);
  }
  for (const key of keys) {
    const path = `metadata.${key}`;
    await collection.createIndex(
      { [path]: 1, ...further },
      { name: `${PREFIX}${key}`, partialFilterExpression: { [path]: { $exists: true } } },
    );
  }
};

/** NamespaceNotFound: of a collection that nothing has been stored in, where nobody has made indexes. */
const NO_COLLECTION = 26;

const indexesOf = async (collection: mongo.Collection): Promise<mongo.IndexDescriptionInfo[]> => {
  try {
    return await collection.indexes();
  } catch (error) {
    if ((error as Partial<mongo.MongoServerError>).code === NO_COLLECTION) return [];
    throw error;
  }
};

/** The condition of a search by exact values. */
export const metadataCondition = (filter: MetadataFilter): Record<string, object> =>
  Object.fromEntries(
    Object.entries(filter).map(([key, text]) => [
      `metadata.${key}`,
      trusted({ $in: valuesOf(text) }),
    ]),
  );
