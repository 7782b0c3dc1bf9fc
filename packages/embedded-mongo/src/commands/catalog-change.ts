import type { Engine } from './command.types.js';

/** Changes collections or indexes: all of the change happens, or none of it. */
export function changeCatalog<T>({ file, catalog }: Engine, work: () => T): T {
  try {
    return file.atomically(work);
  } catch (error) {
    catalog.load();
    throw error;
  }
}
