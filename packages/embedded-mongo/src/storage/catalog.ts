import { randomUUID } from 'node:crypto';
import { mongoError } from '../errors.js';
import { describeDocument } from '../semantics/describe.js';
import { decode, encode } from '../semantics/index.js';
import type { Task } from '../pausing.js';
import { CollectionStore } from './collection-store.js';
import type { IndexBuild } from './collection-store.js';
import type { DatabaseFile } from './database-file.js';
import { idIndexSpec, isEquivalentIndex, isSameIndex, readIndexSpec } from './index-spec.js';
import type { IndexSpec } from './index-spec.js';

/** All collections of all databases, in memory and in the file's own tables. */
export class Catalog {
  private collections = new Map<string, CollectionStore>();

  constructor(private readonly file: DatabaseFile) {
    this.load();
  }

  /** Reads the catalog from the file, as after a start or a transaction that was undone. */
  load(): void {
    // Commands that pause hold on to their collection: it stays the same object while it exists.
    const before = new Map(this.all().map((collection) => [collection.id, collection]));
    // And so do the plans with their indexes.
    const knownIndexes = new Map(
      this.all().flatMap(({ indexes }) => indexes.map((index) => [index.id, index])),
    );
    this.collections = new Map();
    const byId = new Map<number, CollectionStore>();
    const collections = this.file.prepare('SELECT id, db, name, uuid FROM collections ORDER BY id');
    for (const row of collections.all() as [number, string, string, Uint8Array][]) {
      const [id, database, name, uuid] = row;
      const namespace = `${database}.${name}`;
      const known = before.get(id);
      const store =
        known?.exists === true ? known : new CollectionStore(this.file, id, namespace, uuid);
      store.namespace = namespace;
      store.reset();
      this.collections.set(store.namespace, store);
      byId.set(id, store);
    }
    const indexes = this.file.prepare(
      'SELECT id, collection, spec, multikey FROM indexes ORDER BY id',
    );
    for (const row of indexes.all() as [number, number, Uint8Array, number][]) {
      const [id, collectionId, spec, multikey] = row;
      const known = knownIndexes.get(id);
      byId.get(collectionId)?.openIndex(id, readIndexSpec(decode(spec)), multikey, known);
      knownIndexes.delete(id);
    }
    for (const index of knownIndexes.values()) index.forget();
    for (const [id, store] of before) if (byId.get(id) !== store) store.forget();
  }

  /** The collection of this namespace (`database.collection`), if it exists. */
  find(namespace: string): CollectionStore | undefined {
    return this.collections.get(namespace);
  }

  /** Every collection. */
  all(): CollectionStore[] {
    return [...this.collections.values()];
  }

  /** The collections of a database, by name. */
  inDatabase(database: string): CollectionStore[] {
    return this.all()
      .filter((collection) => databaseOf(collection.namespace) === database)
      .sort((left, right) => (left.namespace < right.namespace ? -1 : 1));
  }

  /** The names of the databases that have a collection. */
  databases(): string[] {
    return [...new Set(this.all().map((collection) => databaseOf(collection.namespace)))].sort();
  }

  /** The collection of this namespace, made if need be. */
  findOrCreate(namespace: string): CollectionStore {
    return this.find(namespace) ?? this.create(namespace);
  }

  /**
   * Makes a collection with its index on `_id`.
   * @throws MongoError 48 when there is one, 73 when the name is not allowed
   */
  create(namespace: string): CollectionStore {
    if (this.collections.has(namespace)) {
      throw mongoError('NamespaceExists', `Collection ${namespace} already exists.`);
    }
    assertNamespace(namespace);
    const uuid = Buffer.from(randomUUID().replaceAll('-', ''), 'hex');
    const result = this.file
      .prepare('INSERT INTO collections (db, name, uuid) VALUES (?, ?, ?)')
      .run(databaseOf(namespace), collectionOf(namespace), uuid);
    const store = new CollectionStore(this.file, Number(result.lastInsertRowid), namespace, uuid);
    store.create();
    store.buildIndex(this.registerIndex(store, idIndexSpec()), idIndexSpec());
    this.collections.set(namespace, store);
    return store;
  }

  /** Removes a collection and all that is in it. */
  drop(collection: CollectionStore): void {
    this.file.writes += 1;
    collection.drop();
    this.file.prepare('DELETE FROM indexes WHERE collection = ?').run(collection.id);
    this.file.prepare('DELETE FROM collections WHERE id = ?').run(collection.id);
    this.collections.delete(collection.namespace);
  }

  /** Gives a collection another namespace, which must be free. */
  rename(collection: CollectionStore, namespace: string): void {
    assertNamespace(namespace);
    this.file.writes += 1;
    this.file
      .prepare('UPDATE collections SET db = ?, name = ? WHERE id = ?')
      .run(databaseOf(namespace), collectionOf(namespace), collection.id);
    this.collections.delete(collection.namespace);
    collection.namespace = namespace;
    this.collections.set(namespace, collection);
  }

  /**
   * Makes an index and files every document in it.
   * @returns whether it is new; an equal index that exists already is fine
   * @throws MongoError 85 or 86 when another index has its name or its keys, 11000 when documents
   *   that exist break its uniqueness, 67 when documents cannot expire by it
   */
  createIndex(collection: CollectionStore, spec: IndexSpec): boolean {
    if (this.missingIndexes(collection, [spec]).length === 0) return false;
    collection.buildIndex(this.registerIndex(collection, spec), spec);
    return true;
  }

  /**
   * Makes indexes while others read and write; all of them come into being together.
   * @returns how many are new
   * @throws MongoError as {@link createIndex}, and 276 when they are dropped meanwhile
   */
  *createIndexesInSlices(
    collection: CollectionStore,
    specs: readonly IndexSpec[],
    isSliceOver: () => boolean,
  ): Task<number> {
    const missing = this.missingIndexes(collection, specs);
    const builds: IndexBuild[] = [];
    try {
      for (const spec of missing) {
        const build = collection.beginBuild(spec);
        builds.push(build);
        yield* collection.fileInSlices(build, isSliceOver);
      }
      for (const build of builds) build.assertSound();
      // Memory follows only what the file has: a failure there undoes no more than the file's own part.
      const made = this.file.atomically(() =>
        builds.map((build) => ({ id: this.registerBuild(collection, build), build })),
      );
      collection.adoptBuilds(made);
      return missing.length;
    } finally {
      // Others may have begun theirs since these were given up.
      collection.abortBuilds(builds);
    }
  }

  /**
   * Those of these indexes that a collection has not.
   * @throws MongoError 85 or 86 when another index, or one of them, has the name or the keys of one
   */
  private missingIndexes(collection: CollectionStore, specs: readonly IndexSpec[]): IndexSpec[] {
    const all = collection.specs();
    return specs.filter((spec) => {
      const isMissing = fitsBeside(all, spec);
      if (isMissing) all.push(spec);
      return isMissing;
    });
  }

  /** Removes an index. */
  dropIndex(collection: CollectionStore, name: string): void {
    this.file.writes += 1;
    collection.removeIndex(name);
    this.file
      .prepare('DELETE FROM indexes WHERE collection = ? AND name = ?')
      .run(collection.id, name);
  }

  /** Puts a changed specification with the same keys in an index's place. */
  changeIndex(collection: CollectionStore, spec: IndexSpec): void {
    this.file.writes += 1;
    this.file
      .prepare('UPDATE indexes SET spec = ? WHERE collection = ? AND name = ?')
      .run(encode(spec.document), collection.id, spec.name);
    this.load();
  }

  /** Makes an index anew from the documents that can be read. */
  rebuildIndex(collection: CollectionStore, name: string): void {
    const spec = collection.specs().find((one) => one.name === name)!;
    this.dropIndex(collection, name);
    collection.buildIndex(this.registerIndex(collection, spec), spec, () => undefined);
  }

  private registerBuild(collection: CollectionStore, { index }: IndexBuild): number {
    const id = this.registerIndex(collection, index.spec);
    index.moveTo(`i${String(id)}`);
    this.file.prepare('UPDATE indexes SET multikey = ? WHERE id = ?').run(index.multikeyFields, id);
    return id;
  }

  private registerIndex(collection: CollectionStore, spec: IndexSpec): number {
    this.file.writes += 1;
    const result = this.file
      .prepare('INSERT INTO indexes (collection, name, spec) VALUES (?, ?, ?)')
      .run(collection.id, spec.name, encode(spec.document));
    return Number(result.lastInsertRowid);
  }
}

/**
 * Whether an index is new beside others; an equal one that exists already is fine.
 * @throws MongoError 85 or 86 when another has its name or its keys
 */
function fitsBeside(specs: readonly IndexSpec[], spec: IndexSpec): boolean {
  const namesake = specs.find(({ name }) => name === spec.name);
  if (namesake) {
    if (isSameIndex(namesake, spec)) return false;
    throw nameConflict(namesake, spec);
  }
  for (const existing of specs) {
    if (isSameIndex(existing, spec)) {
      if (existing.name === '_id_') return false;
      throw mongoError(
        'IndexOptionsConflict',
        `Index already exists with a different name: ${existing.name}`,
      );
    }
    if (isEquivalentIndex(existing, spec)) {
      throw mongoError(
        'IndexOptionsConflict',
        `An equivalent index already exists with a different name and options. ${bothIndexes(existing, spec)}`,
      );
    }
  }
  return true;
}

/** The error for an index whose name another has. */
function nameConflict(existing: IndexSpec, requested: IndexSpec) {
  return isEquivalentIndex(existing, requested)
    ? mongoError(
        'IndexOptionsConflict',
        `An equivalent index already exists with the same name but different options. ${bothIndexes(existing, requested)}`,
      )
    : mongoError(
        'IndexKeySpecsConflict',
        `An existing index has the same name as the requested index. When index names are not specified, they are auto generated and can cause conflicts. Please refer to our documentation. ${bothIndexes(existing, requested)}`,
      );
}

const bothIndexes = (existing: IndexSpec, requested: IndexSpec) =>
  `Requested index: ${describeDocument(requested.document)}, existing index: ${describeDocument(existing.document)}`;

/** The database of a namespace: what stands before the first dot. */
export function databaseOf(namespace: string): string {
  return namespace.slice(0, namespace.indexOf('.'));
}

/** The collection name of a namespace: what stands after the first dot. */
export function collectionOf(namespace: string): string {
  return namespace.slice(namespace.indexOf('.') + 1);
}

/** @throws MongoError 73 when no database can have this name */
export function assertDatabaseName(name: string): void {
  if (name.length > 0 && name.length <= 63 && !/[/\\. "\0]/.test(name)) return;
  throw mongoError('InvalidNamespace', `Invalid database name: '${name}'`);
}

/** @throws MongoError 73 when no collection can have this namespace */
export function assertNamespace(namespace: string): void {
  const name = collectionOf(namespace);
  const database = databaseOf(namespace);
  assertDatabaseName(database);
  if (Buffer.byteLength(namespace) > MAX_NAMESPACE_BYTES) {
    throw mongoError(
      'InvalidNamespace',
      `Fully qualified namespace is too long. Namespace: ${namespace} Max: ${String(MAX_NAMESPACE_BYTES)}`,
    );
  }
  if (
    name === '' ||
    /[\0$]/.test(name) ||
    name.startsWith('.') ||
    name.endsWith('.') ||
    name.startsWith('system.') ||
    database.includes('$')
  ) {
    throw mongoError('InvalidNamespace', `Invalid namespace specified '${namespace}'`);
  }
}

/** The longest name of a database and its collection. */
const MAX_NAMESPACE_BYTES = 255;
