import { randomUUID } from 'node:crypto';
import { ObjectId } from 'bson';
import { locationError, mongoError, notSupported } from '../errors.js';
import { collected, PAUSE, runToEnd } from '../pausing.js';
import type { Pausing, Task } from '../pausing.js';
import {
  bsonTypeOf,
  compileExpression,
  compileUpdate,
  decode,
  equalsBson,
  fieldOf,
  isDocument,
  parsePath,
} from '../semantics/index.js';
import type { BsonDocument, BsonValue, ExpressionContext } from '../semantics/index.js';
import { assertNamespace, databaseOf } from '../storage/catalog.js';
import type { CollectionStore } from '../storage/collection-store.js';
import type { IndexSpec } from '../storage/index-spec.js';
import { TEMPORARY_PREFIX } from '../storage/leftovers.js';
import { changeCatalog } from './catalog-change.js';
import { unknownField } from './command-arguments.js';
import type { CommandRequest } from './command.types.js';
import { insertDocument, updateDocuments } from './document-writes.js';
import { contextOf } from './query-options.js';
import { inCollection } from './write-statements.js';

/** Writes the results of a pipeline. */
export type WritingStage = (results: Pausing<Uint8Array>) => Task<void>;

const isWriting = (stage: BsonValue | undefined) =>
  isDocument(stage) && (Object.hasOwn(stage, '$out') || Object.hasOwn(stage, '$merge'));

/**
 * Takes `$out` or `$merge` off the end of a pipeline.
 * @returns `write` is `undefined` when the pipeline answers with its results
 * @throws MongoError 40601 when the stage is not the last, 72 with read concern `linearizable`
 */
export function splitWritingStage(
  request: CommandRequest,
  pipeline: readonly BsonValue[],
): { stages: readonly BsonValue[]; write: WritingStage | undefined } {
  const last = pipeline.at(-1);
  const misplaced = pipeline.slice(0, -1).find(isWriting);
  if (misplaced) {
    const [name = ''] = Object.keys(misplaced as BsonDocument);
    throw locationError(40601, `${name} can only be the final stage in the pipeline`);
  }
  if (!isWriting(last)) return { stages: pipeline, write: undefined };
  const [name = '', extra] = Object.keys(last as BsonDocument);
  if (extra !== undefined) {
    throw locationError(
      40323,
      'A pipeline stage specification object must contain exactly one field.',
    );
  }
  const readConcern = fieldOf(request.body, 'readConcern');
  if (isDocument(readConcern) && fieldOf(readConcern, 'level') === 'linearizable') {
    throw mongoError(
      'InvalidOptions',
      `${name} cannot be used with a 'linearizable' read concern level`,
    );
  }
  const spec = (last as BsonDocument)[name]!;
  const write = name === '$out' ? outStage(request, spec) : mergeStage(request, spec);
  return { stages: pipeline.slice(0, -1), write };
}

/** The namespace that a stage names: a collection of this database, or `{ db, coll }`. */
function targetOf(request: CommandRequest, target: BsonValue | undefined, name: string): string {
  if (typeof target === 'string' && target !== '') return `${request.database}.${target}`;
  if (isDocument(target)) {
    const { db = request.database, coll } = target;
    const unknown = Object.keys(target).find((field) => field !== 'db' && field !== 'coll');
    if (unknown === 'timeseries') throw notSupported(`The option 'timeseries' of ${name}`);
    if (unknown !== undefined) throw unknownField(`${name}.${unknown}`);
    if (typeof db === 'string' && typeof coll === 'string' && coll !== '') return `${db}.${coll}`;
  }
  throw locationError(16990, `${name} takes the name of a collection, or a document { db, coll }`);
}

/**
 * `$out`: the results take the place of what the collection had, all of them or none; its indexes stay.
 * They are gathered in a collection of their own, so that others see the old ones until the end.
 */
function outStage(request: CommandRequest, spec: BsonValue): WritingStage {
  const { engine } = request;
  const namespace = targetOf(request, spec, '$out');
  const { catalog } = engine;
  return function* (results) {
    assertNamespace(namespace);
    const replaced = catalog.find(namespace);
    const indexes = replaced?.specs().slice(1) ?? [];
    const gathering = changeCatalog(engine, () => {
      const created = catalog.create(`${databaseOf(namespace)}.${TEMPORARY_PREFIX}${randomUUID()}`);
      for (const spec of indexes) catalog.createIndex(created, spec);
      return created;
    });
    try {
      for (const bytes of results) {
        if (bytes === PAUSE) {
          yield PAUSE;
          gathering.assertExists();
        } else insertDocument(gathering, decode(bytes), Buffer.from(bytes));
      }
      const current = catalog.find(namespace);
      if (current !== replaced || (current && !hasIndexes(current, indexes))) {
        throw mongoError('CommandFailed', `collection ${namespace} changed while $out was running`);
      }
      changeCatalog(engine, () => {
        if (current) catalog.drop(current);
        catalog.rename(gathering, namespace);
      });
    } finally {
      if (gathering.exists && gathering.namespace !== namespace) {
        changeCatalog(engine, () => {
          catalog.drop(gathering);
        });
      }
    }
    engine.cursors.closeAll(namespace);
  };
}

/** Whether a collection has these indexes beside `_id`, in this order, and no other. */
function hasIndexes(collection: CollectionStore, wanted: readonly IndexSpec[]): boolean {
  const specs = collection.specs().slice(1);
  return (
    specs.length === wanted.length &&
    specs.every(({ document }, i) => equalsBson(document, wanted[i]!.document))
  );
}

const MERGE_FIELDS = ['into', 'on', 'let', 'whenMatched', 'whenNotMatched'];
const WHEN_MATCHED = ['replace', 'keepExisting', 'merge', 'fail'];
const WHEN_NOT_MATCHED = ['insert', 'discard', 'fail'];

/**
 * `$merge`: each result changes the document that has its values in the `on` fields. What takes longer than
 * a slice is committed in pieces, each at a pause; what fails undoes its own piece.
 */
function mergeStage(request: CommandRequest, spec: BsonValue): WritingStage {
  const { engine } = request;
  const options: BsonDocument = isDocument(spec) ? spec : { into: spec };
  const unknown = Object.keys(options).find((field) => !MERGE_FIELDS.includes(field));
  if (unknown !== undefined) throw unknownField(`$merge.${unknown}`);
  const namespace = targetOf(request, fieldOf(options, 'into'), '$merge');
  const on = onFields(fieldOf(options, 'on'));
  const whenMatched = matchedMode(fieldOf(options, 'whenMatched'));
  const whenNotMatched = modeOf(options, 'whenNotMatched', WHEN_NOT_MATCHED, 'insert');
  const needsInsert = whenMatched === 'fail' || whenMatched === 'keepExisting';
  if (needsInsert && whenNotMatched !== 'insert') {
    throw locationError(
      51181,
      `Combination of $merge modes 'whenMatched: ${whenMatched}' and 'whenNotMatched: ${whenNotMatched}' is not supported`,
    );
  }
  const context = contextOf(request);
  if (typeof whenMatched !== 'string') compileUpdate(whenMatched);
  const variables = mergeVariables(fieldOf(options, 'let'), whenMatched, context);
  return function* (results) {
    // The pipeline may read the collection that it changes.
    const documents = yield* collected(results);
    assertUniqueIndex(engine.catalog.find(namespace), on);
    let next = 0;
    while (next < documents.length) {
      const start = next;
      changeCatalog(engine, () => {
        do mergeOne(decode(documents[next++]!));
        while (next < documents.length && !request.budget.isPieceOver(next - start));
      });
      if (next < documents.length) {
        yield PAUSE;
        assertUniqueIndex(engine.catalog.find(namespace), on);
      }
    }
  };

  function mergeOne(sent: BsonDocument): void {
    const document = Object.hasOwn(sent, '_id') ? sent : { _id: new ObjectId(), ...sent };
    const filter = filterOn(on.includes('_id') ? document : sent, on);
    if (whenMatched !== 'fail') {
      const isMatched = applyTo(filter, changeOf(whenMatched, sent), variables(sent));
      if (isMatched) return;
    }
    if (whenNotMatched === 'fail') {
      throw locationError(
        13113,
        '$merge could not find a matching document in the target collection for at least one document in the source collection',
      );
    }
    if (whenNotMatched === 'insert') {
      insertDocument(engine.catalog.findOrCreate(namespace), document, undefined);
    }
  }

  function applyTo(filter: BsonDocument, update: Change, bound: BsonDocument): boolean {
    const collection = engine.catalog.find(namespace);
    if (!collection) return false;
    const statement = {
      filter,
      update,
      context,
      limit: 1,
      isMulti: false,
      isUpsert: false,
      variables: bound,
    };
    const work = updateDocuments(
      collection,
      statement,
      request.budget,
      inCollection(engine, namespace),
      context.now,
    );
    return runToEnd(work).matched > 0;
  }
}

type Change = BsonDocument | readonly BsonValue[];

/** What happens to a document that a result matches, as an update; `$$new` is the result. */
function changeOf(mode: string | readonly BsonValue[], document: BsonDocument): Change {
  if (typeof mode !== 'string') return mode;
  if (mode === 'replace') return document;
  if (mode === 'keepExisting') return { $setOnInsert: {} };
  return [{ $replaceWith: { $mergeObjects: ['$$ROOT', '$$new'] } }];
}

function matchedMode(mode: BsonValue | undefined): string | readonly BsonValue[] {
  return Array.isArray(mode)
    ? mode
    : modeOf({ whenMatched: mode ?? 'merge' }, 'whenMatched', WHEN_MATCHED, 'merge');
}

function modeOf(
  options: BsonDocument,
  field: string,
  known: readonly string[],
  usual: string,
): string {
  const mode = fieldOf(options, field) ?? usual;
  if (typeof mode === 'string' && known.includes(mode)) return mode;
  const name = typeof mode === 'string' ? `value '${mode}'` : `type ${bsonTypeOf(mode)}`;
  throw mongoError('BadValue', `Enumeration ${name} for field '$merge.${field}' is not valid.`);
}

function onFields(on: BsonValue | undefined): string[] {
  if (on === undefined) return ['_id'];
  const fields = Array.isArray(on) ? on : [on];
  if (fields.length === 0 || fields.some((field) => typeof field !== 'string')) {
    throw locationError(51186, "$merge 'on' field must be a string or an array of strings");
  }
  return fields as string[];
}

/** The variables of the pipeline of `whenMatched`, as constants for one result. */
function mergeVariables(
  spec: BsonValue | undefined,
  whenMatched: string | readonly BsonValue[],
  context: ExpressionContext,
): (document: BsonDocument) => BsonDocument {
  if (spec !== undefined && typeof whenMatched === 'string') {
    throw locationError(
      51199,
      `Cannot use 'let' variables with 'whenMatched: ${whenMatched}' mode`,
    );
  }
  if (spec !== undefined && !isDocument(spec)) {
    throw mongoError('TypeMismatch', "$merge 'let' must be an object");
  }
  const variables = Object.keys(spec ?? {}).map((name) => {
    const operand = spec![name]!;
    if (name === 'new' && operand !== '$$ROOT') {
      throw locationError(51273, "'let' may not define a value for the reserved 'new' variable");
    }
    return { name, expression: compileExpression(operand) };
  });
  return (document) => {
    const bound: BsonDocument = { new: { $literal: document } };
    for (const { name, expression } of variables) {
      const value = expression(document, context);
      bound[name] = value === undefined ? '$$REMOVE' : { $literal: value };
    }
    return bound;
  };
}

function filterOn(document: BsonDocument, on: readonly string[]): BsonDocument {
  const filter: BsonDocument = {};
  for (const field of on) {
    let value: BsonValue | undefined = document;
    for (const part of parsePath(field)) {
      value = isDocument(value) ? fieldOf(value, part) : undefined;
    }
    if (value === undefined || value === null || Array.isArray(value)) {
      throw locationError(
        51132,
        "$merge write error: 'on' field cannot be missing, null, undefined or an array",
      );
    }
    filter[field] = { $eq: value };
  }
  return filter;
}

/** A result may match one document at most: the `on` fields must be those of a unique index. */
function assertUniqueIndex(collection: CollectionStore | undefined, on: readonly string[]): void {
  const wanted = [...new Set(on)].sort().join('\0');
  const isUnique = collection?.specs().some((spec) => {
    if (!spec.isUnique || spec.partialFilter) return false;
    return Object.keys(spec.key).sort().join('\0') === wanted;
  });
  if (isUnique === true || (!collection && wanted === '_id')) return;
  throw locationError(51183, 'Cannot find index to verify that join fields will be unique');
}
