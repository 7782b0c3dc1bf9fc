import { decode } from '../semantics/index.js';
import type { BsonDocument } from '../semantics/index.js';
import type { DatabaseFile } from './database-file.js';

/**
 * Removes the text indexes that earlier versions could make, so that a folder that has one opens: without
 * it, and with all of its documents.
 * @param log receives a line for each of them
 */
export function dropFormerTextIndexes(
  file: DatabaseFile,
  log: (level: 'warn', message: string) => void,
): void {
  const indexes = file.prepare(
    `SELECT indexes.id, indexes.name, spec, db || '.' || collections.name
     FROM indexes JOIN collections ON collections.id = collection`,
  );
  for (const row of indexes.all() as [number, string, Uint8Array, string][]) {
    const [id, name, spec, namespace] = row;
    const { key } = decode(spec) as { key: BsonDocument };
    // MongoDB's name for the text in the key of such an index.
    if (!Object.hasOwn(key, '_fts')) continue;
    file.atomically(() => {
      file.exec(`DROP TABLE IF EXISTS t${String(id)}`);
      file.prepare('DELETE FROM indexes WHERE id = ?').run(id);
    });
    log(
      'warn',
      `Index ${name} of ${namespace} is removed: text indexes are no longer supported by the embedded database`,
    );
  }
}
