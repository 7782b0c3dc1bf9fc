import fs from 'node:fs';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import { answersToWrongInputs } from '../test/differential/error-codes.js';
import { recordCases, sameAnswers } from '../test/differential/comparison.js';
import { runDb } from '../test/embedded-db.fixture.js';

/**
 * Compares the embedded database with a MongoDB-compatible server on random cases:
 *
 *   npm run differential -- --uri mongodb://127.0.0.1:27017/ --runs 10000 [--seed N]
 *   npm run differential -- --record 400     writes test/fixtures/reference-answers.json
 *   npm run differential -- --codes          compares the error codes of wrong inputs, as a table
 *
 * Ends with 1 and a shrunken example when an answer differs. Codes are MongoDB's own: the table shows where
 * either of the two departs from them, and only what departs here ends with 1.
 */
const { values } = parseArgs({
  options: {
    uri: { type: 'string' },
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    record: { type: 'string' },
    codes: { type: 'boolean', default: false },
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
  else if (values.codes) process.exitCode = (await compareCodes()) ? 0 : 1;
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

async function compareCodes(): Promise<boolean> {
  const running = await runDb();
  try {
    const theirs = await answersToWrongInputs(reference);
    const ours = await answersToWrongInputs(running.db);
    const rows = ours.map(({ title, code, answered }, index) => ({
      input: title,
      MongoDB: code,
      here: answered,
      reference: theirs[index]!.answered,
    }));
    console.table(
      rows.filter(({ MongoDB, here, reference }) => here !== MongoDB || reference !== MongoDB),
    );
    const wrong = rows.filter(({ MongoDB, here }) => here !== MongoDB).length;
    console.log(`${String(rows.length)} wrong inputs, ${String(wrong)} with another code here`);
    return wrong === 0;
  } finally {
    await running.stop();
  }
}
