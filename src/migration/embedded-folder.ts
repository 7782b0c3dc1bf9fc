import 'dotenv/config';

/** The folder in which Parley keeps the embedded database. */
export function embeddedFolder(): string {
  return process.env.DATA_DIR || './data';
}
