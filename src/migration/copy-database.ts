import { createHash } from 'node:crypto';
import { EJSON } from 'bson';
import { MongoServerError } from 'mongodb';
import type { Collection, Db, Document, IndexDescriptionInfo } from 'mongodb';
import { ProgressBar } from './progress-bar.js';

/** Documents travel in batches of this many. */
const BATCH = 1000;
/**
 * Documents that a TTL index removes within this time are not compared, in milliseconds: each side removes
 * them by itself, and neither waits for the other.
 */
const FADING_MS = 3_600_000;

/** Every value keeps its BSON type on the way. */
const EXACT = { promoteValues: false, bsonRegExp: true };

/** A document as bytes: what the driver yields and takes with `raw: true`. */
type RawDocument = Document & Buffer;

/**
 * Copies every collection with its indexes to another database. It may be stopped at any moment and
 * run again: documents that are there already are not sent twice.
 * @param say receives what happens, line by line
 * @throws Error when, at the end, a collection of the target differs from its source
 */
export async function copyDatabase(
  source: Db,
  target: Db,
  say: (line: string) => void = console.log,
): Promise<void> {
  const infos = await source.listCollections({}, { nameOnly: true }).toArray();
  const names = infos
    .filter(({ name, type }) => type !== 'view' && !name.startsWith('system.'))
    .map(({ name }) => name)
    .sort();
  for (const name of names) {
    await copyCollection(source.collection(name), target.collection(name), target, say);
  }
  say('Comparing both sides…');
  const different: string[] = [];
  for (const name of names) {
    const problem = await compare(source.collection(name), target.collection(name));
    if (problem !== undefined) different.push(`${name}: ${problem}`);
  }
  if (different.length > 0) {
    throw new Error(`The copy is not the same as its source:\n  ${different.join('\n  ')}`);
  }
  say(`${String(names.length)} collections copied, each the same on both sides.`);
}

async function copyCollection(
  from: Collection,
  to: Collection,
  target: Db,
  say: (line: string) => void,
): Promise<void> {
  const total = await from.countDocuments();
  const bar = new ProgressBar(from.collectionName, total);
  let seen = 0;
  let sent = 0;
  const allIds = from.find({}, { ...EXACT, projection: { _id: 1 } }).sort({ _id: 1 });
  for await (const ids of batchesOf(allIds)) {
    const present = await idsPresent(to, ids);
    const missing = ids.filter(({ _id }) => !present.has(keyOf(_id)));
    if (missing.length > 0) {
      const wanted = { _id: { $in: missing.map(({ _id }) => _id) } } as Document;
      const documents = await from.find(wanted, EXACT).toArray();
      // Documents whose time was up may have gone since they were listed.
      if (documents.length > 0) await to.insertMany(documents, { ordered: false });
      sent += documents.length;
    }
    seen += ids.length;
    bar.show(seen);
  }
  if (total === 0) await createEmpty(target, to.collectionName);
  await copyIndexes(from, to, say);
  bar.finish(seen, sent === seen ? '' : `(${String(seen - sent)} were there already)`);
}

async function createEmpty(target: Db, name: string): Promise<void> {
  try {
    await target.createCollection(name);
  } catch (error) {
    const exists = error instanceof MongoServerError && error.code === 48;
    if (!exists) throw error;
  }
}

async function idsPresent(to: Collection, ids: readonly Document[]): Promise<Set<string>> {
  const filter = { _id: { $in: ids.map(({ _id }) => _id as never) } };
  const found = await to.find(filter, { ...EXACT, projection: { _id: 1 } }).toArray();
  return new Set(found.map(({ _id }) => keyOf(_id)));
}

/** An `_id` of any type as text. */
function keyOf(id: unknown): string {
  return EJSON.stringify(id);
}

async function* batchesOf(documents: AsyncIterable<Document>): AsyncGenerator<Document[]> {
  let batch: Document[] = [];
  for await (const document of documents) {
    batch.push(document);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Copies the indexes but those for text, which only MongoDB has and Parley never makes. */
async function copyIndexes(
  from: Collection,
  to: Collection,
  say: (line: string) => void,
): Promise<void> {
  const indexes = (await from.indexes()).filter(({ name }) => name !== '_id_');
  const isText = ({ key }: IndexDescriptionInfo) => '_fts' in key;
  for (const { name } of indexes.filter(isText)) {
    say(`The text index ${name!} of ${from.collectionName} is not copied.`);
  }
  const wanted = indexes.filter((index) => !isText(index)).map(asRequested);
  if (wanted.length > 0) await to.createIndexes(wanted);
}

/** An index as one asks for it, without what MongoDB adds when it shows it. */
function asRequested(index: IndexDescriptionInfo): IndexDescriptionInfo & { name: string } {
  const inner = ['v', 'ns', 'storageEngine'];
  const options = Object.fromEntries(
    Object.entries(index).filter(([option]) => !inner.includes(option)),
  );
  return { ...options, name: index.name!, key: index.key };
}

async function compare(from: Collection, to: Collection): Promise<string | undefined> {
  const lasting = await lastingIn(from);
  const [left, right] = [await digest(from, lasting), await digest(to, lasting)];
  if (left.count !== right.count) {
    return `${String(left.count)} documents in the source, ${String(right.count)} in the target`;
  }
  return left.sum === right.sum ? undefined : 'the documents differ';
}

/** The documents that no TTL index of the collection is about to remove. */
async function lastingIn(collection: Collection): Promise<Document> {
  const soon = Date.now() + FADING_MS;
  const fading = (await collection.indexes()).flatMap((index): Document[] => {
    const { expireAfterSeconds, key, partialFilterExpression } = index;
    if (expireAfterSeconds === undefined) return [];
    const [field] = Object.keys(key);
    const due = { [field!]: { $lte: new Date(soon - expireAfterSeconds * 1000) } };
    return [partialFilterExpression ? { $and: [due, partialFilterExpression] } : due];
  });
  return fading.length > 0 ? { $nor: fading } : {};
}

/** The number of documents, and a sum over their bytes that does not depend on their order. */
async function digest(
  collection: Collection,
  filter: Document,
): Promise<{ count: number; sum: bigint }> {
  let count = 0;
  let sum = 0n;
  const documents = collection.find<RawDocument>(filter, { raw: true });
  for await (const document of documents) {
    count += 1;
    sum ^= createHash('sha256').update(document).digest().readBigUInt64LE();
  }
  return { count, sum };
}
