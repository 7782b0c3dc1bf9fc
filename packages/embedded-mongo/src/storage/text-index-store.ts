import { compileFilter } from '../semantics/index.js';
import type { BsonDocument, BsonValue } from '../semantics/index.js';
import { indexedTexts } from '../text/indexed-text.js';
import { termsOf } from '../text/tokenizer.js';
import type { DatabaseFile, Statement } from './database-file.js';
import { documentKeys } from './index-keys.js';
import type { IndexField } from './index-keys.js';
import type { IndexSpec, TextOptions } from './index-spec.js';
import { KeyWriter } from './key-encoding.js';

/** The words under which a document is filed, separated by blanks. */
export interface TextEntry {
  readonly prefix: string;
  readonly terms: string;
}

const writer = new KeyWriter();

/**
 * A text index: SQLite's FTS5 keeps which rows have which terms. The terms come ready from our own
 * tokenizer; relevance, phrases and negation are worked out from the documents.
 */
export class TextIndexStore {
  readonly options: TextOptions;
  /** The ordinary fields before the text, which a query has to pin. */
  readonly prefixFields: readonly IndexField[];
  private readonly accepts: ((document: BsonDocument) => boolean) | undefined;
  private readonly table: string;
  private readonly statements = new Map<string, Statement>();

  constructor(
    private readonly file: DatabaseFile,
    /** The index's number in the catalog. */
    readonly id: number,
    readonly spec: IndexSpec,
  ) {
    this.options = spec.text!;
    this.table = `t${String(id)}`;
    const beforeText = Object.keys(spec.key).indexOf('_fts');
    this.prefixFields = spec.fields.slice(0, beforeText);
    this.accepts = spec.filed ? compileFilter(spec.filed) : undefined;
  }

  /** Makes the table: two columns of words, of which only the places are kept. */
  create(): void {
    this.file.exec(
      `CREATE VIRTUAL TABLE ${this.table} USING fts5(
        prefix, terms, content='', contentless_delete=1, detail=column,
        tokenize="ascii tokenchars '''_'")`,
    );
  }

  /** Removes the table. */
  drop(): void {
    this.statements.clear();
    this.file.exec(`DROP TABLE IF EXISTS ${this.table}`);
  }

  /** Files a document, unless it has no text. */
  add(rowId: number, document: BsonDocument): void {
    const entry = this.entryOf(document);
    if (entry) this.insert(rowId, entry);
  }

  /** Files the new version of a document in place of the old. */
  replace(rowId: number, old: BsonDocument, next: BsonDocument): void {
    const before = this.entryOf(old);
    const after = this.entryOf(next);
    if (before?.prefix === after?.prefix && before?.terms === after?.terms) return;
    if (before) this.remove(rowId);
    if (after) this.insert(rowId, after);
  }

  /** Takes a document out. */
  remove(rowId: number): void {
    this.statement('DELETE FROM $table WHERE rowid = ?').run(rowId);
  }

  /** Up to `limit` rows after a row that have one of the terms, and the values of the prefix fields. */
  rowsWith(
    terms: readonly string[],
    prefix: readonly BsonValue[],
    position: number,
    limit: number,
  ): number[] {
    const words = terms.map((term) => `"${term}"`).join(' OR ');
    const match =
      prefix.length === 0
        ? `terms : (${words})`
        : `prefix : "${this.prefixWord(prefix)}" AND terms : (${words})`;
    const rows = this.statement(
      'SELECT rowid FROM $table WHERE $table MATCH ? AND rowid > ? ORDER BY rowid LIMIT ?+0',
    ).all(match, position, limit) as [number][];
    return rows.map(([rowId]) => rowId);
  }

  /** Whether the index has the terms of this document under its row. */
  has(rowId: number, document: BsonDocument): boolean {
    const isThere = this.statement('SELECT 1 FROM $table WHERE rowid = ?').get(rowId) !== undefined;
    return isThere === (this.entryOf(document) !== undefined);
  }

  /** The number of documents filed. */
  entryCount(): number {
    return (this.statement('SELECT count(*) FROM $table').get() as [number])[0];
  }

  /** Files an entry under a row that has none. */
  insert(rowId: number, { prefix, terms }: TextEntry): void {
    this.statement('INSERT INTO $table (rowid, prefix, terms) VALUES (?, ?, ?)').run(
      rowId,
      prefix,
      terms,
    );
  }

  /** What the index has to have of a document; `undefined` when that is nothing. */
  entryOf(document: BsonDocument): TextEntry | undefined {
    if (this.accepts?.(document) === false) return undefined;
    const terms = new Set<string>();
    for (const { text, language } of indexedTexts(document, this.options)) {
      for (const term of termsOf(text, language)) terms.add(term);
    }
    if (terms.size === 0) return undefined;
    const keys =
      this.prefixFields.length === 0 ? [] : documentKeys(document, this.prefixFields, false).keys;
    const prefix = keys.map(({ bytes }) => bytes.toString('hex')).join(' ');
    return { prefix, terms: [...terms].join(' ') };
  }

  private prefixWord(values: readonly BsonValue[]): string {
    writer.reset();
    for (const [i, value] of values.entries()) {
      writer.value(value, this.prefixFields[i]!.isDescending);
    }
    return writer.take().toString('hex');
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
