import { mongoError } from '../errors.js';
import { compileFilter, fieldOf, isDocument } from '../semantics/index.js';
import type { BsonDocument } from '../semantics/index.js';
import type { DatabaseFile, Statement } from './database-file.js';
import { documentKeys } from './index-keys.js';
import type { IndexKey } from './index-keys.js';
import type { IndexSpec } from './index-spec.js';

/** Half-open: from `lower` on, up to but without `upper`. */
export interface KeyRange {
  readonly lower: Buffer;
  readonly upper: Buffer;
}

/** Where a scan that was interrupted goes on. */
export interface ScanPosition {
  readonly key: Uint8Array;
  readonly rowId: number;
}

/** The entries that differ between two versions of a document. */
export interface IndexChanges {
  readonly removed: readonly IndexKey[];
  readonly added: readonly IndexKey[];
}

/** A row of an index scan: key, row, and the document unless only keys were asked for. */
export type IndexRow = [key: Uint8Array, rowId: number, document: Uint8Array];

/** The entries of one ordinary index. Those of `_id` are a column of the collection's own table. */
export class IndexStore {
  /** Bit `i` is set when any document has, or had, an array in field `i`. */
  multikeyFields: number;
  private savedMultikeyFields: number | undefined;
  private isDropped = false;
  private readonly table: string;
  private readonly keyColumn: string;
  private readonly accepts: ((document: BsonDocument) => boolean) | undefined;
  /** The top-level fields that decide on a document's entries. */
  private readonly roots: readonly string[];
  private readonly statements = new Map<string, Statement>();

  constructor(
    private readonly file: DatabaseFile,
    /** The index's number in the catalog. */
    readonly id: number,
    public spec: IndexSpec,
    private readonly documentTable: string,
    multikeyFields: number,
    table = `i${String(id)}`,
  ) {
    this.multikeyFields = multikeyFields;
    this.savedMultikeyFields = multikeyFields;
    this.table = this.isOnId ? documentTable : table;
    this.keyColumn = this.isOnId ? 'id' : 'k';
    this.accepts = spec.filed ? compileFilter(spec.filed) : undefined;
    const filtered = spec.filed ? filteredFields(spec.filed) : [];
    this.roots = [...new Set([...spec.fields.map(({ path }) => path[0]!), ...filtered])];
  }

  /** Whether this is the index on `_id`. */
  get isOnId(): boolean {
    return this.spec.name === '_id_';
  }

  /** Makes the table of the entries. A unique index holds each key once. */
  create(): void {
    if (this.isOnId) return;
    const primaryKey = this.spec.isUnique ? '(k)' : '(k, rid)';
    this.file.exec(
      `CREATE TABLE ${this.table} (k BLOB NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY ${primaryKey}) WITHOUT ROWID`,
    );
  }

  /** Removes the table of the entries. */
  drop(): void {
    this.isDropped = true;
    this.statements.clear();
    if (!this.isOnId) this.file.exec(`DROP TABLE IF EXISTS ${this.table}`);
  }

  /** Whether the catalog still has it. */
  get exists(): boolean {
    return !this.isDropped;
  }

  /** Takes note that the index is no longer in the catalog. */
  forget(): void {
    this.isDropped = true;
  }

  /** Takes over what the catalog has read anew; what an index files, and how, never changes. */
  reset(spec: IndexSpec, multikeyFields: number): void {
    this.spec = spec;
    this.multikeyFields = multikeyFields;
    this.savedMultikeyFields = multikeyFields;
  }

  /** @throws MongoError 175 when the index has been dropped */
  assertExists(): void {
    if (this.isDropped) throw mongoError('QueryPlanKilled', `index '${this.spec.name}' dropped`);
  }

  /** Gives the table of the entries another name; the store of that name takes over. */
  moveTo(table: string): void {
    this.statements.clear();
    this.file.exec(`ALTER TABLE ${this.table} RENAME TO ${table}`);
  }

  /** The entries that a document has to have in this index; also notes arrays it has. */
  keysOf(document: BsonDocument): readonly IndexKey[] {
    if (this.accepts?.(document) === false) return [];
    const { keys, multikeyFields } = documentKeys(document, this.spec.fields, this.spec.isSparse);
    this.multikeyFields |= multikeyFields;
    return keys;
  }

  /**
   * The entries to take out and to make when one version of a document follows another. Values that an
   * update has left alone are the same objects in both, so most indexes need not be looked at.
   */
  changesOf(old: BsonDocument, next: BsonDocument): IndexChanges | undefined {
    if (this.roots.every((name) => fieldOf(old, name) === fieldOf(next, name))) return undefined;
    const [before, after] = [this.keysOf(old), this.keysOf(next)];
    const [had, has] = [new Set(before.map(identityOf)), new Set(after.map(identityOf))];
    return {
      removed: before.filter((key) => !has.has(identityOf(key))),
      added: after.filter((key) => !had.has(identityOf(key))),
    };
  }

  /**
   * Files a document under keys.
   * @returns the first key that a unique index has already; the caller then undoes the operation
   */
  add(rowId: number, keys: readonly IndexKey[]): IndexKey | undefined {
    const insert = this.statement(
      'INSERT INTO $table (k, rid) VALUES (?, ?) ON CONFLICT DO NOTHING',
    );
    for (const key of keys) {
      if (insert.run(key.bytes, rowId).changes === 0) return key;
    }
    if (this.multikeyFields !== this.savedMultikeyFields) this.saveMultikeyFields();
    return undefined;
  }

  /** Takes a document's keys out. */
  remove(rowId: number, keys: readonly IndexKey[]): void {
    const remove = this.statement('DELETE FROM $table WHERE k = ? AND rid = ?');
    for (const key of keys) remove.run(key.bytes, rowId);
  }

  /** After an undone operation nobody knows what the catalog has; the next write says it again. */
  forgetSavedState(): void {
    this.savedMultikeyFields = undefined;
  }

  /** Up to `limit` rows with their documents, in key order (or reversed), after `position` if given. */
  rows(
    range: KeyRange,
    isReverse: boolean,
    limit: number,
    position: ScanPosition | undefined,
  ): IndexRow[] {
    const columns = this.isOnId ? 'id, rid, doc' : 'i.k, i.rid, c.doc';
    const source = this.isOnId
      ? '$table i'
      : `$table i CROSS JOIN ${this.documentTable} c ON c.rid = i.rid`;
    return this.select(columns, source, range, isReverse, limit, position) as IndexRow[];
  }

  /** As {@link rows}, without the documents. */
  keys(
    range: KeyRange,
    isReverse: boolean,
    limit: number,
    position: ScanPosition | undefined,
  ): [key: Uint8Array, rowId: number][] {
    return this.select('i.$key, i.rid', '$table i', range, isReverse, limit, position) as [
      Uint8Array,
      number,
    ][];
  }

  private select(
    columns: string,
    source: string,
    { lower, upper }: KeyRange,
    isReverse: boolean,
    limit: number,
    position: ScanPosition | undefined,
  ): unknown[] {
    const order = isReverse ? 'ORDER BY i.$key DESC, i.rid DESC' : 'ORDER BY i.$key, i.rid';
    const base = `SELECT ${columns} FROM ${source} WHERE i.$key >= ? AND i.$key < ?`;
    if (position === undefined) {
      return this.statement(`${base} ${order} LIMIT ?+0`).all(lower, upper, limit);
    }
    const after = isReverse ? '(i.$key, i.rid) < (?, ?)' : '(i.$key, i.rid) > (?, ?)';
    return this.statement(`${base} AND ${after} ${order} LIMIT ?+0`).all(
      lower,
      upper,
      position.key,
      position.rowId,
      limit,
    );
  }

  /** How many documents have a key in one of the ranges, which must not overlap. */
  countDocuments(ranges: readonly KeyRange[]): number {
    if (this.multikeyFields === 0 || ranges.length === 0) {
      const count = this.statement('SELECT count(*) FROM $table WHERE $key >= ? AND $key < ?');
      let total = 0;
      for (const { lower, upper } of ranges) total += (count.get(lower, upper) as [number])[0];
      return total;
    }
    if (ranges.length === 1) {
      const { lower, upper } = ranges[0]!;
      const count = this.statement(
        'SELECT count(DISTINCT rid) FROM $table WHERE $key >= ? AND $key < ?',
      );
      return (count.get(lower, upper) as [number])[0];
    }
    const rowIds = new Set<number>();
    const select = this.statement('SELECT rid FROM $table WHERE $key >= ? AND $key < ?');
    for (const { lower, upper } of ranges) {
      for (const [rowId] of select.all(lower, upper) as [number][]) rowIds.add(rowId);
    }
    return rowIds.size;
  }

  /** How many entries a range has, counting at most `limit`. */
  countEntries({ lower, upper }: KeyRange, limit: number): number {
    const count = this.statement(
      'SELECT count(*) FROM (SELECT 1 FROM $table WHERE $key >= ? AND $key < ? LIMIT ?+0)',
    );
    return (count.get(lower, upper, limit) as [number])[0];
  }

  /** Whether this entry is there. */
  has(rowId: number, key: IndexKey): boolean {
    const probe = this.statement('SELECT 1 FROM $table WHERE $key = ? AND rid = ?');
    return probe.get(key.bytes, rowId) !== undefined;
  }

  /** The number of entries. */
  entryCount(): number {
    return (this.statement('SELECT count(*) FROM $table').get() as [number])[0];
  }

  /** The number of entries of one row. Reads the whole index. */
  entryCountOf(rowId: number): number {
    const count = this.statement('SELECT count(*) FROM $table WHERE rid = ?');
    return (count.get(rowId) as [number])[0];
  }

  private saveMultikeyFields(): void {
    this.file
      .prepare('UPDATE indexes SET multikey = ? WHERE id = ?')
      .run(this.multikeyFields, this.id);
    this.savedMultikeyFields = this.multikeyFields;
  }

  /** A prepared statement, kept; `$table` and `$key` stand for this index's. */
  private statement(sql: string): Statement {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = this.file.prepare(
        sql.replaceAll('$table', this.table).replaceAll('$key', this.keyColumn),
      );
      this.statements.set(sql, statement);
    }
    return statement;
  }
}

const identityOf = ({ bytes }: IndexKey): string => bytes.toString('latin1');

/** The top-level fields that a partial index's filter names. */
function filteredFields(filter: BsonDocument): string[] {
  return Object.entries(filter).flatMap(([name, condition]) => {
    if (!name.startsWith('$')) return [name.split('.', 1)[0]!];
    return Array.isArray(condition) ? condition.filter(isDocument).flatMap(filteredFields) : [];
  });
}
