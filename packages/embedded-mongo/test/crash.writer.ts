/**
 * Writes to an embedded database until it is killed, and tells each acknowledged write on stdout:
 * `insert <first> <last>`, `count <n>`, `delete <id>`; `deleting <id>` before it asks for the deletion,
 * which a kill may leave done and not told. Arguments: data directory, first free id.
 */
import { writeSync } from 'node:fs';
import { MongoClient } from 'mongodb';
import { startEmbeddedDb } from '../src/index.js';

const [dataDir = '', firstId = '0'] = process.argv.slice(2);
const { uri } = await startEmbeddedDb({
  dataDir,
  logger: {
    warn: (line) => {
      tell(`warning ${line}`);
    },
  },
});
const client = await new MongoClient(uri).connect();
const db = client.db('crash');
const messages = db.collection<{ _id: number; chat: number; versions: number[]; text: string }>(
  'messages',
);
const counters = db.collection<{ _id: string; n: number }>('counters');
await messages.createIndex({ chat: 1, versions: 1 }, { unique: true });
await messages.createIndex({ text: 1 }, { sparse: true });
await messages.createIndex({ chat: 1, _id: -1 });

function tell(line: string): void {
  writeSync(1, `${line}\n`);
}

const message = (_id: number) => ({
  _id,
  chat: _id % 5,
  versions: [_id * 2, _id * 2 + 1],
  text: `message number ${String(_id)} of the crash test`,
});

async function insertBatches(first: number): Promise<never> {
  for (let id = first; ; id += 20) {
    await messages.insertMany(Array.from({ length: 20 }, (_, i) => message(id + i)));
    tell(`insert ${String(id)} ${String(id + 19)}`);
    if (id % 60 === 0) {
      tell(`deleting ${String(id + 7)}`);
      await messages.deleteOne({ _id: id + 7 });
      tell(`delete ${String(id + 7)}`);
      await messages.updateOne({ _id: id + 3 }, { $push: { versions: -id - 1 } });
    }
  }
}

async function count(): Promise<never> {
  for (;;) {
    const counter = await counters.findOneAndUpdate(
      { _id: 'n' },
      { $inc: { n: 1 } },
      { upsert: true, returnDocument: 'after' },
    );
    tell(`count ${String(counter!.n)}`);
  }
}

tell('ready');
await Promise.all([insertBatches(Number(firstId)), count(), count()]);
