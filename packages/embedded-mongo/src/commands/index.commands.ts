import { mongoError } from '../errors.js';
import { PAUSE } from '../pausing.js';
import type { Task } from '../pausing.js';
import { encode, equalsBson, fieldOf, isDocument } from '../semantics/index.js';
import type { BsonDocument } from '../semantics/index.js';
import { readIndexSpec, withoutUnknownOptions } from '../storage/index-spec.js';
import type { CollectionStore } from '../storage/collection-store.js';
import type { IndexSpec } from '../storage/index-spec.js';
import {
  booleanArgument,
  cursorBatchSize,
  documentList,
  missingField,
  namespaceOf,
} from './command-arguments.js';
import type { Command, CommandRequest, CommandTable } from './command.types.js';
import { openCursor } from './read.commands.js';
import type { Reply } from './reply.js';
import { changeCatalog } from './catalog-change.js';

const createIndexes: Command = {
  // A commit quorum is of the members of a replica set: alone, the server is always enough.
  fields: ['indexes', 'ignoreUnknownIndexOptions', 'commitQuorum'],
  *run(request): Task<Reply> {
    const { engine, budget } = request;
    const namespace = namespaceOf(request);
    const sent = documentList(request, 'indexes');
    if (sent.length === 0)
      throw mongoError('BadValue', 'Must specify at least one index to create');
    const ignoresUnknown = booleanArgument(request.body, 'ignoreUnknownIndexOptions');
    const specs = sent.map((spec) =>
      readIndexSpec(ignoresUnknown ? withoutUnknownOptions(spec) : spec),
    );
    let existing = engine.catalog.find(namespace);
    while (existing?.isBuilding === true) {
      yield PAUSE;
      budget.check();
      existing = engine.catalog.find(namespace);
    }
    if (existing && existing.documentCount() > BUILT_AT_ONCE) {
      const before = existing.specs().length;
      const made = yield* engine.catalog.createIndexesInSlices(existing, specs, budget.isSliceOver);
      return createdIndexes(before, made, false);
    }
    return changeCatalog(engine, () => {
      const collection = existing ?? engine.catalog.create(namespace);
      const before = collection.specs().length;
      let made = 0;
      for (const spec of specs) if (engine.catalog.createIndex(collection, spec)) made += 1;
      return createdIndexes(before, made, existing === undefined);
    });
  },
};

/** A collection of more documents is filed in slices: this many take a few milliseconds. */
const BUILT_AT_ONCE = 500;

function createdIndexes(before: number, made: number, isNewCollection: boolean): Reply {
  return {
    numIndexesBefore: before,
    numIndexesAfter: before + made,
    createdCollectionAutomatically: isNewCollection,
    ...(made === 0 ? { note: 'all indexes already exist' } : {}),
  };
}

const listIndexes: Command = {
  fields: ['cursor'],
  run(request) {
    const namespace = namespaceOf(request);
    const collection = existingCollection(request);
    const documents = collection.specs().map((spec) => encode(spec.document));
    const batchSize = cursorBatchSize(request.body) ?? Infinity;
    return openCursor(request, namespace, documents, { batchSize });
  },
};

const dropIndexes: Command = {
  fields: ['index'],
  run(request) {
    const { body, engine } = request;
    const collection = existingCollection(request);
    const wanted = fieldOf(body, 'index');
    if (wanted === undefined) throw missingField('dropIndexes.index');
    const before = collection.specs().length;
    const names = namesToDrop(collection, wanted);
    // A cursor may be reading the index that goes.
    engine.cursors.closeAll(collection.namespace);
    return changeCatalog(engine, () => {
      for (const name of names) engine.catalog.dropIndex(collection, name);
      return wanted === '*'
        ? { nIndexesWas: before, msg: 'non-_id indexes dropped for collection' }
        : { nIndexesWas: before };
    });
  },
};

function namesToDrop(collection: CollectionStore, wanted: ReturnType<typeof fieldOf>): string[] {
  const names = collection.specs().map(({ name }) => name);
  if (wanted === '*') {
    collection.abortBuilds();
    return names.filter((name) => name !== '_id_');
  }
  if (isDocument(wanted)) return [nameOfPattern(collection, wanted)];
  const list = Array.isArray(wanted) ? wanted : [wanted];
  for (const name of list) {
    if (typeof name !== 'string') {
      throw mongoError('TypeMismatch', 'dropIndexes takes an index name, a key pattern or "*"');
    }
    if (name === '_id_') throw mongoError('InvalidOptions', 'cannot drop _id index');
    if (!names.includes(name) && collection.buildsNamed([name]).length === 0) {
      throw mongoError('IndexNotFound', `index not found with name [${name}]`);
    }
  }
  // Those that are being made are given up, once it is known that the command succeeds.
  collection.abortBuilds(collection.buildsNamed(list));
  return names.filter((name) => list.includes(name));
}

function nameOfPattern(collection: CollectionStore, pattern: BsonDocument): string {
  const [spec, other] = collection.specs().filter(({ key }) => equalsBson(key, pattern));
  if (!spec) throw mongoError('IndexNotFound', "can't find index with key");
  if (other) throw ambiguousKey(spec, other);
  if (spec.name === '_id_') throw mongoError('InvalidOptions', 'cannot drop _id index');
  return spec.name;
}

/** The error for a key that two indexes have, where one of them is meant. */
export function ambiguousKey(one: IndexSpec, other: IndexSpec) {
  return mongoError(
    'AmbiguousIndexKeyPattern',
    `more than one index has this key, identify it by name instead. Conflicting indexes: ${one.name}, ${other.name}`,
  );
}

/** The collection a command names; MongoDB answers 26 when there is none. */
export function existingCollection(request: CommandRequest): CollectionStore {
  const namespace = namespaceOf(request);
  const collection = request.engine.catalog.find(namespace);
  if (!collection) throw mongoError('NamespaceNotFound', `ns does not exist: ${namespace}`);
  return collection;
}

/** The commands about indexes. */
export const INDEX_COMMANDS: CommandTable = {
  createIndexes,
  listIndexes,
  dropIndexes,
  deleteIndexes: dropIndexes,
};
