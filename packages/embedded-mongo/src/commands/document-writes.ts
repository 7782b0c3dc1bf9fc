import { ObjectId, Timestamp } from 'bson';
import { mongoError } from '../errors.js';
import {
  bsonTypeOf,
  compileUpdate,
  encodeReadable,
  fieldOf,
  isDocument,
  upsertSeed,
} from '../semantics/index.js';
import type { BsonDocument, BsonValue, Update } from '../semantics/index.js';
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
  const bytes = document === sent && sentBytes ? sentBytes : encodeReadable(document);
  assertSize(bytes);
  collection.insert(document, bytes);
}

/** The document to store: `_id` first and made if missing, empty timestamps filled. */
function prepareForInsert(sent: BsonDocument): BsonDocument {
  const [first] = Object.keys(sent);
  const hasEmptyTimestamp = Object.values(sent).some(isEmptyTimestamp);
  if (first === '_id' && !hasEmptyTimestamp) {
    assertId(sent['_id']!);
    return sent;
  }
  const id = fieldOf(sent, '_id');
  const document: BsonDocument = { _id: id === undefined ? new ObjectId() : id };
  assertId(document['_id']!);
  for (const [name, value] of Object.entries(sent)) {
    if (name === '_id') continue;
    Object.defineProperty(document, name, {
      value: isEmptyTimestamp(value) ? nextTimestamp() : value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return document;
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

/**
 * Updates the documents that match, or inserts one. Call it inside `atomically`.
 * @param collection `undefined` when it does not exist; an upsert then asks `create` for it
 */
export function updateDocuments(
  collection: CollectionStore | undefined,
  statement: UpdateStatement,
  budget: ExecutionBudget,
  create: () => CollectionStore,
  now: Date,
): UpdateOutcome {
  const update = compileUpdate(statement.update, {
    arrayFilters: statement.arrayFilters,
    now,
    variables: statement.variables,
  });
  if (statement.isMulti && update.kind === 'replacement') {
    throw mongoError('FailedToParse', 'multi update is not supported for replacement-style update');
  }
  let matched = 0;
  let modified = 0;
  let before: BsonDocument | undefined;
  let after: BsonDocument | undefined;
  if (!collection) checkQuery(statement);
  else {
    const query = new DocumentQuery(collection, statement, budget);
    const found = statement.isMulti ? allOf(collection, query) : firstOf(query);
    for (const match of found) {
      budget.check();
      matched += 1;
      const position = update.usesPosition ? query.positionIn(match.document).index : undefined;
      const result = update.apply(match.document, { position });
      if (result.modified) {
        replaceDocument(collection, match, result.document);
        modified += 1;
      }
      before = match.document;
      after = result.document;
    }
  }
  if (matched === 0 && statement.isUpsert) {
    return { matched: 0, modified: 0, upserted: upsert(create(), statement, update) };
  }
  if (statement.isMulti || !before || !after) return { matched, modified };
  return { matched, modified, before, after };
}

/**
 * All matches are found before the first is changed, so that no change is found again. There may be
 * millions: of each only its row is kept meanwhile.
 */
function* allOf(collection: CollectionStore, query: DocumentQuery): Generator<FoundDocument> {
  const rowIds = Array.from(query.run(), ({ rowId }) => rowId);
  for (const rowId of rowIds) yield new FoundDocument(rowId, collection.read(rowId)!);
}

function firstOf(query: DocumentQuery): FoundDocument[] {
  const first = query.run().next();
  return first.done === true ? [] : [first.value];
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

/** Deletes the documents that match, or the first of them. Call it inside `atomically`. */
export function deleteDocuments(
  collection: CollectionStore,
  shape: QueryShape,
  isMulti: boolean,
  budget: ExecutionBudget,
): DeleteOutcome {
  const query = new DocumentQuery(collection, shape, budget);
  let outcome: DeleteOutcome = { deleted: 0 };
  // What has gone is not found again, so that each can go when it is found, and none has to be kept.
  for (const { rowId, document } of isMulti ? query.run() : firstOf(query)) {
    collection.remove(rowId, document);
    outcome = { first: document, ...outcome, deleted: outcome.deleted + 1 };
  }
  return outcome;
}
