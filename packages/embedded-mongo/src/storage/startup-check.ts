import type { Catalog } from './catalog.js';
import type { DatabaseFile } from './database-file.js';
import { checkCollection } from './integrity-check.js';

/**
 * After an unclean stop: has SQLite check the file, compares every index with its documents, and
 * makes those anew that disagree. A document that cannot be read stays as it is.
 * @param log receives what was found
 * @throws Error when the file is damaged
 */
export function checkAfterInterruption(
  file: DatabaseFile,
  catalog: Catalog,
  log: (level: 'info' | 'warn', message: string) => void,
): void {
  const startedAt = performance.now();
  const [verdict] = file.prepare('PRAGMA quick_check').get() as [string];
  if (verdict !== 'ok') {
    throw new Error(`${file.path} is damaged (${verdict}); restore it from a backup`);
  }
  let documents = 0;
  for (const collection of catalog.all()) {
    documents += collection.documentCount();
    const problems = checkCollection(collection);
    for (const { rowId, reason } of problems.unreadable) {
      const row = `${collection.documentTable}, row ${String(rowId)}`;
      log('warn', `A document of ${collection.namespace} (${row}) cannot be read: ${reason}`);
    }
    for (const { index, reason } of problems.indexes) {
      log('warn', `Index ${index} of ${collection.namespace} is made anew: ${reason}`);
      file.beginTransaction();
      try {
        catalog.rebuildIndex(collection, index);
        file.commit();
      } catch (error) {
        file.rollback();
        throw error;
      }
    }
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  log(
    'info',
    `The database was not closed in order; ${String(documents)} documents checked in ${seconds} s`,
  );
}
