import { EJSON } from 'bson';
import { Double, MongoBulkWriteError, MongoServerError } from 'mongodb';
import type {
  AnyBulkWriteOperation,
  BulkWriteResult,
  Collection,
  Db,
  Document,
  FindOneAndUpdateOptions,
} from 'mongodb';
import type { AggregateCase, Answer, BatchCase, Case, FindCase, UpdateCase } from './case.types.js';

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
  for (const { key, ...options } of testCase.indexes) {
    try {
      await collection.createIndex(key, options);
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
    case 'batch':
      return batchAnswer(collection, testCase);
  }
}

async function findAnswer(collection: Collection, testCase: FindCase): Promise<string> {
  const { filter, sort, projection, skip, limit, distinct, batchSize } = testCase;
  const found = await collection
    .find(filter, {
      ...EXACT,
      // Without a sort that decides, the order is the server's own business.
      sort: { ...sort, _id: 1 },
      ...(projection && { projection }),
      // A recorded case has these as BSON numbers, which the driver would not look at.
      ...(skip && { skip: Number(skip) }),
      ...(limit && { limit: Number(limit) }),
      ...(batchSize && { batchSize: Number(batchSize) }),
    })
    .toArray();
  const counted = await collection.countDocuments(filter);
  if (distinct === undefined) return show({ found, counted });
  const values = await collection.distinct(distinct, filter);
  // Which of equal numbers is met first, and the order, are the server's own business.
  const shown = values.map((value) => EJSON.stringify({ value })).sort();
  return show({ found, counted, distinct: shown });
}

async function batchAnswer(collection: Collection, testCase: BatchCase): Promise<string> {
  const { unique, operations } = testCase;
  await collection.createIndex({ k: 1 }, { ...unique, unique: true, name: 'unique' });
  const run = () =>
    collection.bulkWrite(structuredCopies(operations) as unknown as AnyBulkWriteOperation[]);
  try {
    const outcome = await run().then(
      (result) => ({ ...countsOf(result), errors: [] }),
      (error: unknown) => {
        if (!(error instanceof MongoBulkWriteError)) throw error;
        const errors = [error.writeErrors].flat();
        return {
          ...countsOf(error.result),
          errors: errors.map(({ index, code }) => ({ index, isDuplicate: code === 11000 })),
        };
      },
    );
    const after = await collection.find({}, { ...EXACT, sort: { _id: 1 } }).toArray();
    return show({ ...outcome, after });
  } finally {
    await collection.dropIndex('unique');
  }
}

function countsOf(result: BulkWriteResult): Document {
  const { insertedCount, matchedCount, modifiedCount, deletedCount, upsertedIds } = result;
  return { insertedCount, matchedCount, modifiedCount, deletedCount, upsertedIds };
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
