import { Binary } from 'bson';
import { mongoError, notSupported } from '../errors.js';
import { compileFilter, decode, encode, equalsBson, fieldOf } from '../semantics/index.js';
import type { BsonDocument } from '../semantics/index.js';
import { collectionOf } from '../storage/catalog.js';
import type { CollectionStore } from '../storage/collection-store.js';
import { assertTtlSeconds, readIndexSpec } from '../storage/index-spec.js';
import type { IndexSpec } from '../storage/index-spec.js';
import { changeCatalog } from './catalog-change.js';
import {
  booleanArgument,
  cursorBatchSize,
  documentArgument,
  missingField,
  namespaceOf,
  stringArgument,
} from './command-arguments.js';
import type { Command, CommandTable } from './command.types.js';
import { ambiguousKey, existingCollection } from './index.commands.js';
import { openCursor } from './read.commands.js';
import { encodeReply } from './reply.js';

const create: Command = {
  fields: [],
  refused: [
    'capped',
    'size',
    'max',
    'autoIndexId',
    'storageEngine',
    'validator',
    'validationLevel',
    'validationAction',
    'indexOptionDefaults',
    'viewOn',
    'pipeline',
    'timeseries',
    'expireAfterSeconds',
    'clusteredIndex',
    'changeStreamPreAndPostImages',
    'encryptedFields',
    'idIndex',
    'temp',
    'flags',
  ],
  run(request) {
    const { engine } = request;
    const namespace = namespaceOf(request);
    // MongoDB takes the creation of what exists with the same options for done.
    if (!engine.catalog.find(namespace)) {
      changeCatalog(engine, () => engine.catalog.create(namespace));
    }
    return {};
  },
};

const drop: Command = {
  fields: [],
  run(request) {
    const { engine } = request;
    const namespace = namespaceOf(request);
    const collection = engine.catalog.find(namespace);
    if (!collection) return {};
    const nIndexesWas = collection.specs().length;
    changeCatalog(engine, () => {
      engine.catalog.drop(collection);
    });
    engine.cursors.closeAll(namespace);
    return { nIndexesWas, ns: namespace };
  },
};

const dropDatabase: Command = {
  fields: [],
  run({ engine, database }) {
    const collections = engine.catalog.inDatabase(database);
    changeCatalog(engine, () => {
      for (const collection of collections) engine.catalog.drop(collection);
    });
    for (const { namespace } of collections) engine.cursors.closeAll(namespace);
    return collections.length > 0 ? { dropped: database } : {};
  },
};

const listDatabases: Command = {
  fields: ['filter', 'nameOnly', 'authorizedDatabases'],
  run({ engine, body }) {
    const isNameOnly = booleanArgument(body, 'nameOnly');
    const accepts = compileFilter(documentArgument(body, 'filter') ?? {});
    const databases = engine.catalog
      .databases()
      .map((name) => {
        if (isNameOnly) return { name };
        const sizes = engine.catalog.inDatabase(name).map((one) => one.documentBytes());
        const sizeOnDisk = sizes.reduce((total, size) => total + size, 0);
        return { name, sizeOnDisk, empty: sizeOnDisk === 0 };
      })
      .filter((entry) => accepts(decode(encodeReply(entry))));
    if (isNameOnly) return { databases };
    const totalSize = databases.reduce((total, one) => total + (one.sizeOnDisk ?? 0), 0);
    return { databases, totalSize, totalSizeMb: Math.floor(totalSize / 2 ** 20) };
  },
};

const listCollections: Command = {
  fields: ['filter', 'nameOnly', 'authorizedCollections', 'cursor'],
  run(request) {
    const { engine, body, database } = request;
    const isNameOnly = booleanArgument(body, 'nameOnly');
    const accepts = compileFilter(documentArgument(body, 'filter') ?? {});
    const entries = engine.catalog
      .inDatabase(database)
      .map((collection) => describeCollection(collection))
      .filter((entry) => accepts(entry))
      .map((entry) => encode(isNameOnly ? { name: entry['name']!, type: 'collection' } : entry));
    return openCursor(request, `${database}.$cmd.listCollections`, entries, {
      batchSize: cursorBatchSize(body) ?? Infinity,
    });
  },
};

function describeCollection(collection: CollectionStore): BsonDocument {
  return {
    name: collectionOf(collection.namespace),
    type: 'collection',
    options: {},
    info: { readOnly: false, uuid: new Binary(collection.uuid, Binary.SUBTYPE_UUID) },
    idIndex: collection.idIndex.spec.document,
  };
}

const renameCollection: Command = {
  fields: ['to', 'dropTarget'],
  run(request) {
    const { body, engine } = request;
    const from = stringArgument(body, 'renameCollection');
    const to = stringArgument(body, 'to');
    if (to === undefined) throw missingField('renameCollection.to');
    if (from === undefined || !to.includes('.')) {
      throw mongoError('InvalidNamespace', 'renameCollection takes two full namespaces');
    }
    const collection = engine.catalog.find(from);
    if (!collection)
      throw mongoError('NamespaceNotFound', `Source collection ${from} does not exist`);
    if (from === to) throw mongoError('IllegalOperation', "Can't rename a collection to itself");
    const target = engine.catalog.find(to);
    if (target && !booleanArgument(body, 'dropTarget')) {
      throw mongoError('NamespaceExists', 'target namespace exists');
    }
    changeCatalog(engine, () => {
      if (target) engine.catalog.drop(target);
      engine.catalog.rename(collection, to);
    });
    engine.cursors.closeAll(from);
    engine.cursors.closeAll(to);
    return {};
  },
};

const collMod: Command = {
  fields: ['index'],
  refused: [
    'validator',
    'validationLevel',
    'validationAction',
    'viewOn',
    'pipeline',
    'expireAfterSeconds',
    'timeseries',
    'cappedSize',
    'cappedMax',
    'changeStreamPreAndPostImages',
    'dryRun',
  ],
  run(request) {
    const { body, engine } = request;
    const collection = existingCollection(request);
    const change = documentArgument(body, 'index');
    if (!change) return {};
    const spec = indexToModify(collection, change);
    for (const field of Object.keys(change)) {
      if (!['name', 'keyPattern', 'expireAfterSeconds'].includes(field)) {
        throw notSupported(`The option 'index.${field}' of 'collMod'`);
      }
    }
    const seconds = fieldOf(change, 'expireAfterSeconds');
    if (seconds === undefined) {
      throw mongoError('InvalidOptions', 'no expireAfterSeconds field to change');
    }
    assertTtlSeconds(seconds);
    const before = fieldOf(spec.document, 'expireAfterSeconds');
    const changed = readIndexSpec({ ...spec.document, expireAfterSeconds: seconds });
    changeCatalog(engine, () => {
      engine.catalog.changeIndex(collection, changed);
    });
    return {
      ...(before === undefined ? {} : { expireAfterSeconds_old: before }),
      expireAfterSeconds_new: seconds,
    };
  },
};

function indexToModify(collection: CollectionStore, change: BsonDocument): IndexSpec {
  const name = fieldOf(change, 'name');
  const pattern = fieldOf(change, 'keyPattern');
  const [spec, other] = collection
    .specs()
    .filter((one) => (name === undefined ? equalsBson(one.key, pattern) : one.name === name));
  if (!spec) throw mongoError('IndexNotFound', 'cannot find index to modify');
  if (other) throw ambiguousKey(spec, other);
  return spec;
}

/** The commands about collections and databases. */
export const CATALOG_COMMANDS: CommandTable = {
  create,
  drop,
  dropDatabase,
  listDatabases,
  listCollections,
  renameCollection,
  collMod,
};
