import { EJSON } from 'bson';
import { Double, MongoServerError } from 'mongodb';
import type { Collection, Db, Document, FindOneAndUpdateOptions } from 'mongodb';
import type { AggregateCase, Answer, Case, FindCase, UpdateCase } from './case.types.js';

/** How results are read: every number keeps the type that the server gave it. */
export const EXACT = { promoteValues: false, promoteLongs: false } as const;

/**
 * Runs a case on one server.
 * @param withIndexes whether the indexes of the case are made before
 */
export async function runCase(db: Db, testCase: Case, withIndexes: boolean): Promise<Answer> {
  const collection = db.collection('subject');
  if (withIndexes) await dropIndexes(collection);
  await refill(collection, testCase.documents);
  if (withIndexes) await createIndexes(collection, testCase);
  try {
    return { result: await answerOf(db, collection, testCase) };
  } catch (error) {
    if (error instanceof MongoServerError) return { error: Number(error.code) };
    throw error;
  }
}

async function refill(collection: Collection, documents: readonly Document[]): Promise<void> {
  await collection.deleteMany({});
  if (documents.length > 0) await collection.insertMany(structuredCopies(documents));
}

/** The driver adds nothing to these documents, but gets its own list all the same. */
const structuredCopies = (documents: readonly Document[]) =>
  documents.map((document) => ({ ...document }));

async function dropIndexes(collection: Collection): Promise<void> {
  try {
    await collection.dropIndexes();
  } catch (error) {
    // 26: the first case finds no collection yet.
    if (!(error instanceof MongoServerError) || error.code !== 26) throw error;
  }
}

async function createIndexes(collection: Collection, testCase: Case): Promise<void> {
  for (const { key, sparse } of testCase.indexes) {
    try {
      await collection.createIndex(key, { sparse: sparse === true });
    } catch (error) {
      // Two arrays can't share an index: the documents decide whether it can be made.
      if (!(error instanceof MongoServerError) || ![171, 85, 86].includes(Number(error.code))) {
        throw error;
      }
    }
  }
}

function answerOf(db: Db, collection: Collection, testCase: Case): Promise<string> {
  switch (testCase.kind) {
    case 'find':
      return findAnswer(collection, testCase);
    case 'update':
      return updateAnswer(collection, testCase);
    case 'aggregate':
      return aggregateAnswer(db, collection, testCase);
  }
}

async function findAnswer(collection: Collection, testCase: FindCase): Promise<string> {
  const { filter, sort, projection, skip, limit } = testCase;
  const found = await collection
    .find(filter, {
      ...EXACT,
      // Without a sort that decides, the order is the server's own business.
      sort: { ...sort, _id: 1 },
      ...(projection && { projection }),
      // A recorded case has these as BSON numbers, which the driver would not look at.
      ...(skip && { skip: Number(skip) }),
      ...(limit && { limit: Number(limit) }),
    })
    .toArray();
  const counted = await collection.countDocuments(filter);
  return show({ found, counted });
}

async function updateAnswer(collection: Collection, testCase: UpdateCase): Promise<string> {
  const { multi, upsert, arrayFilters } = testCase;
  const options = { upsert, ...(arrayFilters && { arrayFilters }) };
  const outcome = multi
    ? await manyUpdated(collection, testCase, options)
    : await oneUpdated(collection, testCase, options);
  const after = await collection.find({}, { ...EXACT, sort: { _id: 1 } }).toArray();
  return show({ ...outcome, after });
}

/** What one update and many have in common. */
type UpdateSettings = Pick<FindOneAndUpdateOptions, 'upsert' | 'arrayFilters'>;

async function manyUpdated(
  collection: Collection,
  { filter, update }: UpdateCase,
  options: UpdateSettings,
): Promise<Document> {
  const { matchedCount, modifiedCount, upsertedCount } = await collection.updateMany(
    filter,
    update,
    options,
  );
  return { matchedCount, modifiedCount, upsertedCount };
}

/** Which document is updated must not be left to chance, and only findAndModify takes a sort in 7.0. */
async function oneUpdated(
  collection: Collection,
  { filter, update }: UpdateCase,
  options: UpdateSettings,
): Promise<Document> {
  const answer = await collection.findOneAndUpdate(filter, update, {
    ...options,
    sort: { _id: 1 },
    includeResultMetadata: true,
  });
  return { isUpdate: answer?.lastErrorObject?.['updatedExisting'] as boolean };
}

async function aggregateAnswer(
  db: Db,
  collection: Collection,
  testCase: AggregateCase,
): Promise<string> {
  await refill(db.collection('others'), testCase.others);
  const results = await collection.aggregate(testCase.pipeline, EXACT).toArray();
  const last = testCase.pipeline.at(-1) ?? {};
  if ('$out' in last || '$merge' in last) {
    const written = db.collection('others').find({}, { ...EXACT, sort: { _id: 1 } });
    return show({ results, written: await written.toArray() });
  }
  if (!testCase.unordered) return show({ results });
  return results.map(show).sort().join('\n');
}

function show(value: Document): string {
  return EJSON.stringify(value, sameNaN, undefined, { relaxed: false });
}

/** The bits of NaN are nobody's concern. */
function sameNaN(_key: string, value: unknown): unknown {
  return value instanceof Double && Number.isNaN(value.value) ? new Double(NaN) : value;
}
