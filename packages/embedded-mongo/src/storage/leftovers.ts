import { collectionOf } from './catalog.js';
import type { Catalog } from './catalog.js';
import { BUILD_TABLE_PREFIX } from './collection-store.js';
import type { DatabaseFile } from './database-file.js';

/** How the collections are named in which `$out` gathers its results; MongoDB names them so. */
export const TEMPORARY_PREFIX = 'tmp.agg_out.';

/**
 * Removes what the last process has left half done: unfinished indexes, and results of `$out`. An orderly
 * close leaves some too, when the disk had no room to tidy up.
 */
export function dropLeftovers(file: DatabaseFile, catalog: Catalog): void {
  file.atomically(() => {
    const tables = file.prepare("SELECT name FROM sqlite_master WHERE type = 'table'");
    for (const [name] of tables.all() as [string][]) {
      if (name.startsWith(BUILD_TABLE_PREFIX)) file.exec(`DROP TABLE ${name}`);
    }
    for (const collection of catalog.all()) {
      if (collectionOf(collection.namespace).startsWith(TEMPORARY_PREFIX)) catalog.drop(collection);
    }
  });
}
