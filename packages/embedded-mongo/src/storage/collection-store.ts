import { MongoError, mongoError } from '../errors.js';
import { decode } from '../semantics/index.js';
import type { BsonDocument, BsonValue } from '../semantics/index.js';
import { PAUSE } from '../pausing.js';
import type { Task } from '../pausing.js';
import type { DatabaseFile, Statement } from './database-file.js';
import { duplicateKeyError } from './duplicate-key.js';
import type { IndexKey } from './index-keys.js';
import { IndexStore } from './index-store.js';
import type { IndexSpec } from './index-spec.js';
import { KeyWriter } from './key-encoding.js';

/** A stored document: its row number and its bytes. */
export interface StoredRow {
  readonly rowId: number;
  readonly bytes: Uint8Array;
}

/** The entries that a document has to have in an index. */
interface Filing {
  readonly index: IndexStore;
  readonly keys: readonly IndexKey[];
}

/** Is told of a stored document that cannot be decoded. */
export type OnUnreadable = (rowId: number, error: unknown) => void;

const idWriter = new KeyWriter();

/** Documents go through a check, or the making of an index in one go, in pieces of this many. */
const BUILD_CHUNK = 1000;

/** Where others wait, in smaller ones: about a millisecond each. */
const SLICED_BUILD_CHUNK = 100;

/** How the tables of unfinished indexes begin; those that the last process has left are dropped at the start. */
export const BUILD_TABLE_PREFIX = 'building_';

let lastBuild = 0;

/**
 * An index being made while others write. The rows up to `position` are filed, and what others change
 * among them is filed anew; later rows are filed when it is their turn. A key that breaks uniqueness, or
 * that can't be made, fails the making of the index, not the write.
 */
export class IndexBuild {
  position: number | undefined;
  isAborted = false;
  private failure: MongoError | undefined;

  constructor(
    readonly index: IndexStore,
    private readonly namespace: string,
  ) {}

  /** Files a row that has not been filed. */
  file(rowId: number, document: BsonDocument): void {
    const { index } = this;
    const duplicate = index.add(rowId, index.keysOf(document));
    if (duplicate) throw duplicateKeyError(this.namespace, index.spec, duplicate.values);
    this.position = rowId;
  }

  /** Others have written a row. */
  changed(rowId: number, old: BsonDocument | undefined, next: BsonDocument | undefined): void {
    const { index, position } = this;
    if (this.failure !== undefined || position === undefined || rowId > position) return;
    try {
      if (old) index.remove(rowId, index.keysOf(old));
      const duplicate = next && index.add(rowId, index.keysOf(next));
      if (duplicate) throw duplicateKeyError(this.namespace, index.spec, duplicate.values);
    } catch (error) {
      if (!(error instanceof MongoError)) throw error;
      this.failure = error;
    }
  }

  /** Drops what there is of the index. */
  abort(): void {
    this.isAborted = true;
    this.index.drop();
  }

  /** @throws what has made the index impossible meanwhile */
  assertSound(): void {
    if (this.isAborted) {
      throw mongoError(
        'IndexBuildAborted',
        `Index build for index '${this.index.spec.name}' on '${this.namespace}' was aborted`,
      );
    }
    if (this.failure) throw this.failure;
  }
}

/** One collection: a table of documents and its indexes, kept in step by every write. */
export class CollectionStore {
  readonly indexes: IndexStore[] = [];
  /** Indexes being made. */
  private builds: IndexBuild[] = [];
  private isGone = false;
  private count: number | undefined;
  private readonly statements = new Map<string, Statement>();
  private readonly table: string;

  constructor(
    private readonly file: DatabaseFile,
    /** The collection's number in the catalog. */
    readonly id: number,
    /** `database.collection`. */
    public namespace: string,
    /** The UUID that `listCollections` shows. */
    readonly uuid: Uint8Array,
  ) {
    this.table = `c${String(id)}`;
  }

  /** The table that holds the documents. */
  get documentTable(): string {
    return this.table;
  }

  /** The index on `_id`. */
  get idIndex(): IndexStore {
    return this.indexes[0]!;
  }

  /** Makes the table. */
  create(): void {
    this.file.exec(
      `CREATE TABLE ${this.table} (rid INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, doc BLOB NOT NULL)`,
    );
  }

  /** Removes the table and those of the indexes. */
  drop(): void {
    this.forget();
    this.abortBuilds();
    this.statements.clear();
    for (const index of this.indexes) index.drop();
    this.file.exec(`DROP TABLE ${this.table}`);
  }

  /** Forgets what it knows of itself: the catalog reads it anew. */
  reset(): void {
    this.indexes.length = 0;
    this.count = undefined;
  }

  /** Whether the catalog still has it. */
  get exists(): boolean {
    return !this.isGone;
  }

  /** Takes note that the collection is no longer in the catalog. */
  forget(): void {
    this.isGone = true;
  }

  /** @throws MongoError 175 when the collection has been dropped */
  assertExists(): void {
    if (this.isGone) throw mongoError('QueryPlanKilled', `collection dropped: ${this.namespace}`);
  }

  /** All index specifications, `_id` first. */
  specs(): IndexSpec[] {
    return this.indexes.map((index) => index.spec);
  }

  /** Runs an operation that may write; when it throws, the collection is as before. */
  atomically<T>(work: () => T): T {
    const before = this.count;
    try {
      return this.file.atomically(work);
    } catch (error) {
      this.count = before;
      for (const index of this.indexes) index.forgetSavedState();
      throw error;
    }
  }

  /** Forgets what a rolled-back transaction may have made untrue. */
  forgetCachedState(): void {
    this.count = undefined;
    for (const index of this.indexes) index.forgetSavedState();
  }

  /**
   * Stores a document that has an `_id`, or nothing of it. It takes out what it has filed by itself: a
   * savepoint for each document of a batch would cost more.
   * @throws MongoError 11000 when a unique index has one of its keys
   */
  insert(document: BsonDocument, bytes: Uint8Array): number {
    const count = this.documentCount();
    const filings = this.secondaryIndexes().map((index) => ({
      index,
      keys: index.keysOf(document),
    }));
    const rowId = this.file.orUndoEverything(() => {
      const inserted = this.insertRow(document, bytes);
      this.fileInIndexes(inserted, filings);
      for (const build of this.builds) build.changed(inserted, undefined, document);
      return inserted;
    });
    this.file.writes += 1;
    this.count = count + 1;
    return rowId;
  }

  private insertRow(document: BsonDocument, bytes: Uint8Array): number {
    const result = this.statement(
      `INSERT INTO $table (id, doc) VALUES (?, ?) ON CONFLICT (id) DO NOTHING`,
    ).run(encodeId(document['_id']!), bytes);
    if (result.changes === 0) {
      throw duplicateKeyError(this.namespace, this.idIndex.spec, [document['_id']]);
    }
    return Number(result.lastInsertRowid);
  }

  /** At a duplicate key, takes out again what has been filed, and the row. */
  private fileInIndexes(rowId: number, filings: readonly Filing[]): void {
    for (const [i, { index, keys }] of filings.entries()) {
      const duplicate = index.add(rowId, keys);
      if (!duplicate) continue;
      for (const filed of filings.slice(0, i + 1)) filed.index.remove(rowId, filed.keys);
      this.statement('DELETE FROM $table WHERE rid = ?').run(rowId);
      throw duplicateKeyError(this.namespace, index.spec, duplicate.values);
    }
  }

  /** Puts a new version in a document's place. Call it inside {@link atomically}. */
  replace(rowId: number, old: BsonDocument, next: BsonDocument, bytes: Uint8Array): void {
    this.statement('UPDATE $table SET doc = ? WHERE rid = ?').run(bytes, rowId);
    for (const index of this.secondaryIndexes()) {
      const changes = index.changesOf(old, next);
      if (!changes) continue;
      index.remove(rowId, changes.removed);
      const duplicate = index.add(rowId, changes.added);
      if (duplicate) throw duplicateKeyError(this.namespace, index.spec, duplicate.values);
    }
    for (const build of this.builds) build.changed(rowId, old, next);
    this.file.writes += 1;
  }

  /** Deletes a document. Call it inside {@link atomically}. */
  remove(rowId: number, document: BsonDocument): void {
    const count = this.documentCount();
    this.statement('DELETE FROM $table WHERE rid = ?').run(rowId);
    for (const index of this.secondaryIndexes()) index.remove(rowId, index.keysOf(document));
    for (const build of this.builds) build.changed(rowId, document, undefined);
    this.file.writes += 1;
    this.count = count - 1;
  }

  /** The document in a row, if it is still there. */
  read(rowId: number): Uint8Array | undefined {
    const row = this.statement('SELECT doc FROM $table WHERE rid = ?').get(rowId);
    return (row as [Uint8Array] | undefined)?.[0];
  }

  /** The document with this `_id`. */
  findById(id: BsonValue): StoredRow | undefined {
    const row = this.statement('SELECT rid, doc FROM $table WHERE id = ?').get(encodeId(id));
    if (row === undefined) return undefined;
    const [rowId, bytes] = row as [number, Uint8Array];
    return { rowId, bytes };
  }

  /** Up to `limit` rows in the order they were inserted, after (or, reversed, before) a row. */
  rows(position: number | undefined, limit: number, isReverse = false): [number, Uint8Array][] {
    const sql = isReverse
      ? 'SELECT rid, doc FROM $table WHERE rid < ? ORDER BY rid DESC LIMIT ?+0'
      : 'SELECT rid, doc FROM $table WHERE rid > ? ORDER BY rid LIMIT ?+0';
    const start = position ?? (isReverse ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER);
    return this.statement(sql).all(start, limit) as [number, Uint8Array][];
  }

  /** The number of documents. */
  documentCount(): number {
    this.count ??= (this.statement('SELECT count(*) FROM $table').get() as [number])[0];
    return this.count;
  }

  /** The bytes of all documents together. */
  documentBytes(): number {
    const sql = 'SELECT coalesce(sum(length(doc)), 0) FROM $table';
    return (this.statement(sql).get() as [number])[0];
  }

  /**
   * Adds an index that the catalog has numbered, and files every document in it.
   * @param onUnreadable as for {@link eachDocument}
   */
  buildIndex(id: number, spec: IndexSpec, onUnreadable?: OnUnreadable): void {
    this.openIndex(id, spec, 0);
    const index = this.indexes.at(-1)!;
    index.create();
    if (index.isOnId) return;
    this.eachDocument((rowId, document) => {
      const duplicate = index.add(rowId, index.keysOf(document));
      if (duplicate) throw duplicateKeyError(this.namespace, spec, duplicate.values);
    }, onUnreadable);
  }

  /** Whether an index is being made. */
  get isBuilding(): boolean {
    return this.builds.length > 0;
  }

  /**
   * Begins to make an index in a table that the catalog does not know yet. Whoever calls this files the
   * rows by {@link fileInSlices}, and ends it by {@link adoptBuilds} or {@link abortBuilds}.
   */
  beginBuild(spec: IndexSpec): IndexBuild {
    const table = `${BUILD_TABLE_PREFIX}${String(++lastBuild)}`;
    const index = new IndexStore(this.file, 0, spec, this.table, 0, table);
    const build = new IndexBuild(index, this.namespace);
    this.file.atomically(() => {
      index.create();
    });
    this.builds.push(build);
    return build;
  }

  /**
   * Files all rows in an index being made, while others read and write.
   * @throws MongoError 11000 when documents break its uniqueness, also one written meanwhile; 276 when the
   *   collection or the index is dropped meanwhile
   */
  *fileInSlices(build: IndexBuild, isSliceOver: () => boolean): Task<void> {
    while (!this.file.atomically(() => this.fileRows(build, isSliceOver))) {
      yield PAUSE;
      build.assertSound();
    }
  }

  /** Takes note that indexes are made: the catalog has numbered them and named their tables accordingly. */
  adoptBuilds(made: readonly { id: number; build: IndexBuild }[]): void {
    for (const { id, build } of made) {
      this.builds = this.builds.filter((one) => one !== build);
      this.openIndex(id, build.index.spec, build.index.multikeyFields);
    }
  }

  /** Files rows until the slice is over; answers whether all are filed. */
  private fileRows(build: IndexBuild, isSliceOver: () => boolean): boolean {
    for (;;) {
      const rows = this.rows(build.position, SLICED_BUILD_CHUNK);
      for (const [rowId, bytes] of rows) build.file(rowId, decode(bytes));
      if (rows.length < SLICED_BUILD_CHUNK) {
        build.position = Infinity;
        return true;
      }
      if (isSliceOver()) return false;
    }
  }

  /** The indexes being made that have one of these names. */
  buildsNamed(names: readonly unknown[]): IndexBuild[] {
    return this.builds.filter(({ index }) => names.includes(index.spec.name));
  }

  /** Gives up indexes being made; those that are made, or given up, stay as they are. */
  abortBuilds(builds: readonly IndexBuild[] = this.builds): void {
    const aborted = this.builds.filter((build) => builds.includes(build));
    this.builds = this.builds.filter((build) => !aborted.includes(build));
    for (const build of aborted) build.abort();
  }

  /** Takes note of an index that exists; a plan may hold on to what is `known` of it. */
  openIndex(id: number, spec: IndexSpec, multikeyFields: number, known?: IndexStore): void {
    if (known?.exists === true) {
      known.reset(spec, multikeyFields);
      this.indexes.push(known);
    } else this.indexes.push(new IndexStore(this.file, id, spec, this.table, multikeyFields));
  }

  /**
   * Removes an index and its table.
   * @throws MongoError 27 when there is none of this name
   */
  removeIndex(name: string): void {
    const index = this.indexes.find(({ spec }) => spec.name === name);
    if (!index) throw mongoError('IndexNotFound', `index not found with name [${name}]`);
    this.indexes.splice(this.indexes.indexOf(index), 1);
    index.drop();
  }

  /**
   * Visits every document in insertion order.
   * @param onUnreadable is told of documents that cannot be decoded; without it they are an error
   */
  eachDocument(
    visit: (rowId: number, document: BsonDocument) => void,
    onUnreadable?: OnUnreadable,
  ): void {
    let position: number | undefined;
    for (;;) {
      const rows = this.rows(position, BUILD_CHUNK);
      for (const [rowId, bytes] of rows) {
        const document = onUnreadable ? readable(rowId, bytes, onUnreadable) : decode(bytes);
        if (document) visit(rowId, document);
      }
      position = rows.at(-1)?.[0];
      if (rows.length < BUILD_CHUNK) return;
    }
  }

  private secondaryIndexes(): IndexStore[] {
    return this.indexes.slice(1);
  }

  private statement(sql: string): Statement {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = this.file.prepare(sql.replaceAll('$table', this.table));
      this.statements.set(sql, statement);
    }
    return statement;
  }
}

function readable(
  rowId: number,
  bytes: Uint8Array,
  onUnreadable: OnUnreadable,
): BsonDocument | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    onUnreadable(rowId, error);
    return undefined;
  }
}

/** The encoded `_id` under which a document is found. */
export function encodeId(id: BsonValue): Buffer {
  return idWriter.reset().value(id).take();
}
