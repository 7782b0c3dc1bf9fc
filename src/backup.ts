/**
 * Program: `npm run backup -- <file>`: copies the embedded database to a new file, also while Parley is running.
 * To restore: stop Parley and put the file in place of `parley.db` (and remove `parley.db-wal`).
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { backupDatabase } from '@parley-chat/embedded-mongo';
import { embeddedFolder } from './migration/embedded-folder.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { data: { type: 'string' } },
});
const [file] = positionals;
if (file === undefined || positionals.length > 1) {
  console.error('npm run backup -- <file> [--data <folder of the database>]');
  process.exitCode = 2;
} else {
  try {
    const target = path.resolve(file);
    await backupDatabase(values.data ?? embeddedFolder(), target);
    console.log(`Backup written to ${target}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
