import { fieldOf } from '../semantics/index.js';
import { mongoError } from '../errors.js';
import type { CollectionStore } from '../storage/collection-store.js';
import { checkCollection } from '../storage/integrity-check.js';
import { namespaceOf } from './command-arguments.js';
import type { Command, CommandTable } from './command.types.js';
import { existingCollection } from './index.commands.js';
import type { Reply } from './reply.js';

const collStats: Command = {
  fields: ['scale'],
  run(request) {
    const ns = namespaceOf(request);
    const collection = request.engine.catalog.find(ns);
    return { ns, ...(collection ? sizesOf(collection) : emptySizes()) };
  },
};

function sizesOf(collection: CollectionStore): Reply {
  const size = collection.documentBytes();
  const count = collection.documentCount();
  return {
    size,
    count,
    ...(count > 0 ? { avgObjSize: Math.floor(size / count) } : {}),
    storageSize: size,
    capped: false,
    nindexes: collection.specs().length,
  };
}

function emptySizes(): Reply {
  return { size: 0, count: 0, storageSize: 0, capped: false, nindexes: 0 };
}

const dbStats: Command = {
  fields: ['scale', 'freeStorage'],
  run({ engine, database }) {
    const collections = engine.catalog.inDatabase(database);
    const total = (of: (collection: CollectionStore) => number) =>
      collections.reduce((sum, collection) => sum + of(collection), 0);
    const objects = total((one) => one.documentCount());
    const dataSize = total((one) => one.documentBytes());
    return {
      db: database,
      collections: collections.length,
      views: 0,
      objects,
      avgObjSize: objects === 0 ? 0 : dataSize / objects,
      dataSize,
      storageSize: dataSize,
      indexes: total((one) => one.specs().length),
      scaleFactor: 1,
    };
  },
};

const validate: Command = {
  fields: ['full'],
  refused: ['repair', 'background', 'checkBSONConformance', 'metadata'],
  run(request) {
    const collection = existingCollection(request);
    const problems = checkCollection(collection);
    return {
      ns: namespaceOf(request),
      nrecords: collection.documentCount(),
      nIndexes: collection.specs().length,
      valid: problems.length === 0,
      errors: problems.map(({ index, reason }) => `${index}: ${reason}`),
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
