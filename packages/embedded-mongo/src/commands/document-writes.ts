import { ObjectId, Timestamp } from 'bson';
import { mongoError } from '../errors.js';
import { firstOf, PAUSE, runToEnd } from '../pausing.js';
import type { Task } from '../pausing.js';
import {
  assertStorableDepth,
  bsonTypeOf,
  compileUpdate,
  encodeReadable,
  fieldOf,
  isDocument,
  setField,
  upsertSeed,
  withIdFirst,
} from '../semantics/index.js';
import type { BsonDocument, BsonValue, Update, UpdateResult } from '../semantics/index.js';
import { checkQuery, DocumentQuery, FoundDocument } from '../planner/document-query.js';
import type { QueryShape } from '../planner/document-query.js';
import type { ExecutionBudget } from '../planner/plan-execution.js';
import type { CollectionStore } from '../storage/collection-store.js';

/** The largest document, in bytes; `hello` says so. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

/** Inserts a document as a client sent it: with an `_id`, which comes first. */
export function insertDocument(
  collection: CollectionStore,
  sent: BsonDocument,
  sentBytes: Buffer | undefined,
): void {
  const id = fieldOf(sent, '_id') ?? null;
  const type = bsonTypeOf(id);
  if (type === 'array' || type === 'regex') {
    throw mongoError('BadValue', `can't use ${type === 'array' ? 'an' : 'a'} ${type} for _id`);
  }
  const document = prepareForInsert(sent);
  const isAsSent = document === sent && sentBytes !== undefined;
  if (isAsSent) assertStorableDepth(document, sentBytes);
  const bytes = isAsSent ? sentBytes : encodeReadable(document);
  assertSize(bytes);
  collection.insert(document, bytes);
}

/** The document to store: `_id` first and made if missing, empty timestamps filled. */
function prepareForInsert(sent: BsonDocument): BsonDocument {
  const id = fieldOf(sent, '_id');
  const document = withIdFirst(id === undefined ? { _id: new ObjectId(), ...sent } : sent);
  assertId(document['_id']!);
  return withTimestamps(document);
}

/** The document with the server's time in its empty timestamps: those at the top level, but for `_id`. */
function withTimestamps(document: BsonDocument): BsonDocument {
  if (!Object.values(document).some(isEmptyTimestamp)) return document;
  const filled: BsonDocument = {};
  for (const [name, value] of Object.entries(document)) {
    setField(filled, name, name !== '_id' && isEmptyTimestamp(value) ? nextTimestamp() : value);
  }
  return filled;
}

function isEmptyTimestamp(value: BsonValue): boolean {
  return value instanceof Timestamp && value.isZero();
}

let lastTimestamp = { t: 0, i: 0 };

function nextTimestamp(): Timestamp {
  const t = Math.floor(Date.now() / 1000);
  lastTimestamp = t > lastTimestamp.t ? { t, i: 1 } : { ...lastTimestamp, i: lastTimestamp.i + 1 };
  return new Timestamp(lastTimestamp);
}

function assertId(id: BsonValue): void {
  const type = bsonTypeOf(id);
  if (type === 'array' || type === 'regex') {
    throw mongoError('InvalidIdField', `The '_id' value cannot be of type ${type}`);
  }
  if (isDocument(id) && Object.keys(id).some((name) => name.startsWith('$'))) {
    throw mongoError(
      'DollarPrefixedFieldName',
      `_id fields may not contain '$'-prefixed fields: ${Object.keys(id).join(', ')} is not valid for storage.`,
    );
  }
}

function assertSize(bytes: Uint8Array): void {
  if (bytes.length > MAX_DOCUMENT_BYTES) {
    throw mongoError(
      'BSONObjectTooLarge',
      `BSONObj size: ${String(bytes.length)} is invalid. Size must be between 0 and ${String(MAX_DOCUMENT_BYTES)}`,
    );
  }
}

/** An update of one statement, or of `findAndModify`. */
export interface UpdateStatement extends QueryShape {
  readonly update: BsonDocument | readonly BsonValue[];
  readonly arrayFilters?: readonly BsonValue[] | undefined;
  readonly variables?: BsonDocument | undefined;
  readonly isMulti: boolean;
  readonly isUpsert: boolean;
}

/** What an update did. */
export interface UpdateOutcome {
  readonly matched: number;
  readonly modified: number;
  /** The document that an upsert inserted. */
  readonly upserted?: BsonDocument;
  /** The one document of an update that is not multi, before and after. */
  readonly before?: BsonDocument;
  readonly after?: BsonDocument;
}

/** Runs work on a collection, made if need be, so that all of its writes happen or none. */
export type InCollection = <T>(work: (collection: CollectionStore) => T) => T;

/**
 * Updates the documents that match, or inserts one. An update of many that takes longer than a slice is
 * committed in pieces, each at a pause; what fails undoes its own piece.
 * @param collection `undefined` when it does not exist
 * @param inCollection where an upsert inserts
 * @throws MongoError 175 when the collection is dropped meanwhile
 */
export function* updateDocuments(
  collection: CollectionStore | undefined,
  statement: UpdateStatement,
  budget: ExecutionBudget,
  inCollection: InCollection,
  now: Date,
): Task<UpdateOutcome> {
  const update = compileUpdate(statement.update, {
    arrayFilters: statement.arrayFilters,
    now,
    variables: statement.variables,
    checkTime: () => {
      budget.check();
    },
  });
  if (statement.isMulti && update.kind === 'replacement') {
    throw mongoError('FailedToParse', 'multi update is not supported for replacement-style update');
  }
  let outcome: UpdateOutcome = { matched: 0, modified: 0 };
  if (!collection) checkQuery(statement);
  else {
    const target = { collection, query: new DocumentQuery(collection, statement, budget), budget };
    outcome = yield* statement.isMulti ? updateAll(target, update) : updateFirst(target, update);
  }
  if (outcome.matched > 0 || !statement.isUpsert) return outcome;
  return { ...outcome, upserted: inCollection((into) => upsert(into, statement, update)) };
}

/** What a statement works on. */
interface Target {
  readonly collection: CollectionStore;
  readonly query: DocumentQuery;
  readonly budget: ExecutionBudget;
}

/**
 * Writes to all matches, in pieces that are each committed whole. All are found before the first is
 * written to, so that no change is found again. There may be millions: of each only its row is kept
 * meanwhile. One that others have changed so that it no longer matches, or deleted, is passed over.
 */
function* eachMatch(
  { collection, query, budget }: Target,
  write: (match: FoundDocument) => void,
): Task<void> {
  const { interruptions } = budget;
  const found = new Set<number>();
  for (const match of query.run()) {
    if (match === PAUSE) yield PAUSE;
    else found.add(match.rowId);
  }
  const rowIds = [...found];
  let next = 0;
  const writeNext = () => {
    budget.check();
    const rowId = rowIds[next++]!;
    const bytes = collection.read(rowId);
    if (!bytes) return;
    const match = new FoundDocument(rowId, bytes);
    if (budget.interruptions === interruptions || query.accepts(match.document)) write(match);
  };
  while (next < rowIds.length) {
    collection.assertExists();
    const start = next;
    collection.atomically(() => {
      do writeNext();
      while (next < rowIds.length && !budget.isPieceOver(next - start));
    });
    if (next < rowIds.length) yield PAUSE;
  }
}

function* updateAll(target: Target, update: Update): Task<UpdateOutcome> {
  let [matched, modified] = [0, 0];
  yield* eachMatch(target, (match) => {
    matched += 1;
    if (updateDocument(target, match, update).modified) modified += 1;
  });
  return { matched, modified };
}

function* updateFirst(target: Target, update: Update): Task<UpdateOutcome> {
  const match = yield* firstMatch(target);
  if (!match) return { matched: 0, modified: 0 };
  const result = target.collection.atomically(() => updateDocument(target, match, update));
  return {
    matched: 1,
    modified: result.modified ? 1 : 0,
    before: match.document,
    after: result.document,
  };
}

/** So often a match is looked for anew, because others have changed it while it was sorted. */
const SORT_ATTEMPTS = 3;

/** The first match as it is now: nobody else runs before it is written to. */
function* firstMatch({ collection, query, budget }: Target): Task<FoundDocument | undefined> {
  for (let attempt = 0; attempt < SORT_ATTEMPTS; attempt += 1) {
    const { interruptions } = budget;
    const match = yield* firstOf(query.run());
    // Only a sort in memory pauses between finding a document and yielding it.
    if (!match || !query.sortsInMemory || budget.interruptions === interruptions) return match;
    collection.assertExists();
    const bytes = collection.read(match.rowId);
    if (bytes && Buffer.compare(bytes, match.bytes) === 0) return match;
  }
  return runToEnd(firstOf(query.run()));
}

function updateDocument(
  { collection, query }: Target,
  match: FoundDocument,
  update: Update,
): UpdateResult {
  const position = update.usesPosition ? query.positionIn(match.document).index : undefined;
  const result = update.apply(match.document, { position });
  if (!result.modified) return result;
  // MongoDB fills the empty timestamps of a replacement, as it does those of an insert.
  const document =
    update.kind === 'replacement' ? withTimestamps(result.document) : result.document;
  replaceDocument(collection, match, document);
  return { ...result, document };
}

function replaceDocument(
  collection: CollectionStore,
  { rowId, document }: FoundDocument,
  next: BsonDocument,
): void {
  const bytes = encodeReadable(next);
  assertSize(bytes);
  collection.replace(rowId, document, next, bytes);
}

function upsert(
  collection: CollectionStore,
  statement: UpdateStatement,
  update: Update,
): BsonDocument {
  const seed = upsertSeed(statement.filter, update.kind);
  const { document: made } = update.apply(seed, { isUpsertInsert: true });
  const document = prepareForInsert(made);
  const bytes = encodeReadable(document);
  assertSize(bytes);
  collection.insert(document, bytes);
  return document;
}

/** What a deletion did. */
export interface DeleteOutcome {
  readonly deleted: number;
  readonly first?: BsonDocument;
}

/**
 * Deletes the documents that match, or the first of them. A deletion of many that takes longer than a
 * slice is committed in pieces, each at a pause.
 * @throws MongoError 175 when the collection is dropped meanwhile
 */
export function* deleteDocuments(
  collection: CollectionStore,
  shape: QueryShape,
  isMulti: boolean,
  budget: ExecutionBudget,
): Task<DeleteOutcome> {
  const target = { collection, query: new DocumentQuery(collection, shape, budget), budget };
  if (!isMulti) {
    const match = yield* firstMatch(target);
    if (!match) return { deleted: 0 };
    const { rowId, document } = match;
    collection.atomically(() => {
      collection.remove(rowId, document);
    });
    return { deleted: 1, first: document };
  }
  let deleted = 0;
  yield* eachMatch(target, ({ rowId, document }) => {
    collection.remove(rowId, document);
    deleted += 1;
  });
  return { deleted };
}
