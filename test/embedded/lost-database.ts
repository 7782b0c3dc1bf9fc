/**
 * Opens the database of a folder as Parley does, and takes away from under it what it needs: run by
 * `open-database.test.ts`.
 */
import path from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { MongoClient } from 'mongodb';
import { openDatabase } from '../../src/open-database.js';
import type { Logger } from '../../src/platform/logger.js';

const dataDir = process.argv[2]!;
const nothing = () => undefined;
const levels = { error: nothing, warn: nothing, info: nothing, debug: nothing };
const logger = { ...levels, child: () => logger } as unknown as Logger;

const database = await openDatabase(
  { mongodbUri: '', dataDir, embeddedDurability: 'NORMAL' },
  logger,
);
const client = await new MongoClient(database.uri).connect();
const other = new DatabaseSync(path.join(dataDir, 'parley.db'));
// The next group cannot begin, and what is read then is gone.
other.exec('DROP TABLE collections; BEGIN IMMEDIATE');
client.db().command({ ping: 1 }).catch(nothing);
// What a server would wait for, if it noticed nothing.
setInterval(nothing, 60_000);
