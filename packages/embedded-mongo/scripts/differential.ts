import fs from 'node:fs';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import { recordCases, sameAnswers } from '../test/differential/comparison.js';
import { runDb } from '../test/embedded-db.fixture.js';

/**
 * Compares the embedded database with a MongoDB-compatible server on random cases:
 *
 *   npm run differential -- --uri mongodb://127.0.0.1:27017/ --runs 10000 [--seed N]
 *   npm run differential -- --record 400     writes test/fixtures/reference-answers.json
 *
 * Ends with 1 and a shrunken example when an answer differs.
 */
const { values } = parseArgs({
  options: {
    uri: { type: 'string' },
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    record: { type: 'string' },
  },
});

const FIXTURE = new URL('../test/fixtures/reference-answers.json', import.meta.url);

const uri =
  values.uri ??
  process.env['DIFFERENTIAL_URI'] ??
  process.env['MONGODB_URI'] ??
  'mongodb://127.0.0.1:27017/';
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const client = await new MongoClient(uri, { serverSelectionTimeoutMS: 5000 }).connect();
const reference = client.db(`differential_${String(process.pid)}`);

try {
  if (values.record !== undefined) await record(Number(values.record));
  else process.exitCode = (await compare(Number(values.runs))) ? 0 : 1;
} finally {
  await reference.dropDatabase();
  await client.close();
}

async function record(count: number): Promise<void> {
  fs.mkdirSync(new URL('.', FIXTURE), { recursive: true });
  fs.writeFileSync(FIXTURE, await recordCases(reference, count, seed));
  console.log(`${String(count)} answers of ${uri} recorded (seed ${String(seed)})`);
}

async function compare(runs: number): Promise<boolean> {
  const running = await runDb();
  try {
    const started = Date.now();
    const outcome = await fc.check(sameAnswers(reference, running.db), { numRuns: runs, seed });
    const seconds = ((Date.now() - started) / 1000).toFixed(0);
    const ran = `${String(outcome.numRuns)} cases in ${seconds} s (seed ${String(seed)})`;
    if (!outcome.failed) {
      console.log(`no difference in ${ran}`);
      return true;
    }
    console.error(`different answers after ${ran}`);
    console.error(outcome.errorInstance);
    return false;
  } finally {
    await running.stop();
  }
}
