import { fieldOf } from '../semantics/index.js';
import type { BsonDocument } from '../semantics/index.js';
import { mongoError } from '../errors.js';
import type { CollectionStore } from '../storage/collection-store.js';
import { checkCollection } from '../storage/integrity-check.js';
import { countArgument, namespaceOf } from './command-arguments.js';
import type { Command, CommandTable } from './command.types.js';
import { existingCollection } from './index.commands.js';
import type { Reply } from './reply.js';

const collStats: Command = {
  fields: ['scale'],
  run(request) {
    const ns = namespaceOf(request);
    const scaleFactor = scaleOf(request.body);
    const collection = request.engine.catalog.find(ns);
    return { ns, ...(collection ? sizesOf(collection, scaleFactor) : emptySizes()), scaleFactor };
  },
};

/** By what sizes are divided, in bytes; an average of documents stays in bytes, as in MongoDB. */
function scaleOf(body: BsonDocument): number {
  return countArgument(body, 'scale', 1) ?? 1;
}

function sizesOf(collection: CollectionStore, scale: number): Reply {
  const bytes = collection.documentBytes();
  const count = collection.documentCount();
  const size = Math.floor(bytes / scale);
  return {
    size,
    count,
    ...(count > 0 ? { avgObjSize: Math.floor(bytes / count) } : {}),
    storageSize: size,
    capped: false,
    nindexes: collection.specs().length,
  };
}

function emptySizes(): Reply {
  return { size: 0, count: 0, storageSize: 0, capped: false, nindexes: 0 };
}

const dbStats: Command = {
  fields: ['scale'],
  refused: ['freeStorage'],
  run({ body, engine, database }) {
    const scaleFactor = scaleOf(body);
    const collections = engine.catalog.inDatabase(database);
    const total = (of: (collection: CollectionStore) => number) =>
      collections.reduce((sum, collection) => sum + of(collection), 0);
    const objects = total((one) => one.documentCount());
    const bytes = total((one) => one.documentBytes());
    const dataSize = bytes / scaleFactor;
    return {
      db: database,
      collections: collections.length,
      views: 0,
      objects,
      avgObjSize: objects === 0 ? 0 : bytes / objects,
      dataSize,
      storageSize: dataSize,
      indexes: total((one) => one.specs().length),
      scaleFactor,
    };
  },
};

const validate: Command = {
  fields: ['full'],
  refused: ['repair', 'background', 'checkBSONConformance', 'metadata'],
  run(request) {
    const collection = existingCollection(request);
    const { indexes, unreadable } = checkCollection(collection);
    const errors = [
      ...indexes.map(({ index, reason }) => `${index}: ${reason}`),
      ...unreadable.map(({ rowId, reason }) => `row ${String(rowId)}: ${reason}`),
    ];
    return {
      ns: namespaceOf(request),
      nrecords: collection.documentCount(),
      nIndexes: collection.specs().length,
      valid: errors.length === 0,
      errors,
      warnings: [],
    };
  },
};

const serverStatus: Command = {
  fields: [],
  run({ engine }) {
    const now = engine.now();
    const memory = process.memoryUsage();
    return {
      host: 'embedded',
      version: '7.0.0',
      process: 'parley-embedded',
      pid: process.pid,
      uptime: Math.floor((now.getTime() - engine.startedAt.getTime()) / 1000),
      localTime: now,
      connections: { current: engine.connectionCount() },
      mem: { bits: 64, resident: Math.round(memory.rss / 2 ** 20) },
      metrics: { cursor: { open: { total: engine.cursors.size } } },
      storageEngine: { name: 'sqlite', persistent: true },
    };
  },
};

const getParameter: Command = {
  fields: ['featureCompatibilityVersion'],
  refused: ['allParameters', 'setAt'],
  run({ body }) {
    const all = fieldOf(body, 'getParameter') === '*';
    if (all || fieldOf(body, 'featureCompatibilityVersion') !== undefined) {
      return { featureCompatibilityVersion: { version: '7.0' } };
    }
    throw mongoError('InvalidOptions', 'no option found to get');
  },
};

/** The commands that tell about the server and its data. */
export const DIAGNOSTIC_COMMANDS: CommandTable = {
  collStats,
  collstats: collStats,
  dbStats,
  dbstats: dbStats,
  validate,
  serverStatus,
  getParameter,
};
