/**
 * Program: `npm run migrate-to-mongodb -- --to mongodb://…`: copies the embedded database to MongoDB (or, with
 * the folder and the URI exchanged, back), with its indexes. Stop Parley first. It may be interrupted
 * and run again; at the end both sides are compared, document by document.
 *
 * `--from` and `--to` are the folder of an embedded database or a MongoDB URI; `--from` is the folder
 * of this installation by default. `--database` is the database's name, `parley` by default.
 */
import { parseArgs } from 'node:util';
import { MongoClient } from 'mongodb';
import { startEmbeddedDb } from '@parley-chat/embedded-mongo';
import { copyDatabase } from './migration/copy-database.js';
import { embeddedFolder } from './migration/embedded-folder.js';

const { values } = parseArgs({
  options: {
    from: { type: 'string' },
    to: { type: 'string' },
    database: { type: 'string', default: 'parley' },
  },
});

interface Side {
  client: MongoClient;
  close(): Promise<void>;
}

const isUri = (place: string) => /^mongodb(\+srv)?:\/\//.test(place);

async function open(place: string): Promise<Side> {
  const embedded = isUri(place) ? undefined : await startEmbeddedDb({ dataDir: place });
  const client = await new MongoClient(embedded?.uri ?? place).connect();
  return {
    client,
    async close() {
      await client.close();
      await embedded?.close();
    },
  };
}

async function migrate(from: string, to: string): Promise<void> {
  console.log(`From ${from} to ${to}, database "${values.database}"`);
  const sides: Side[] = [];
  try {
    for (const place of [from, to]) sides.push(await open(place));
    const [source, target] = sides.map(({ client }) => client.db(values.database));
    await copyDatabase(source!, target!);
  } finally {
    for (const side of sides) await side.close();
  }
}

const from = values.from ?? embeddedFolder();
if (values.to === undefined || isUri(from) === isUri(values.to)) {
  console.error(
    'npm run migrate-to-mongodb -- --to <mongodb://…>\n' +
      'npm run migrate-to-mongodb -- --from <mongodb://…> --to <folder>   (the way back)',
  );
  process.exitCode = 2;
} else {
  try {
    await migrate(from, values.to);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
