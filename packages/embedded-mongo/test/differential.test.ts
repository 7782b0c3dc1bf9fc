import fs from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import { SEED, runs } from '../../../test/support/seed.js';
import { describeDifference, parseRecordedCases, sameAnswers } from './differential/comparison.js';
import { runCase } from './differential/run-case.js';
import { runDb } from './embedded-db.fixture.js';
import type { RunningDb } from './embedded-db.fixture.js';

const FIXTURE = new URL('./fixtures/reference-answers.json', import.meta.url);

/** A MongoDB-compatible server to compare with; without one the recorded answers are the measure. */
const referenceUri = process.env['DIFFERENTIAL_URI'] ?? process.env['MONGODB_URI'];

let running: RunningDb;
beforeAll(async () => {
  running = await runDb();
});
afterAll(() => running.stop());

describe('the embedded database beside a reference server', () => {
  it('gives the answers that the reference server was recorded with', async () => {
    const recorded = parseRecordedCases(fs.readFileSync(FIXTURE, 'utf8'));
    expect(recorded.length).toBeGreaterThanOrEqual(300);
    const differences: string[] = [];
    for (const { testCase, answer } of recorded) {
      const own = await runCase(running.db, testCase, true);
      const difference = describeDifference(testCase, answer, own);
      if (difference !== undefined) differences.push(difference);
    }
    expect(differences).toEqual([]);
  });

  it('tells different answers apart', () => {
    const testCase = { kind: 'find', documents: [], indexes: [], filter: {} } as const;
    expect(describeDifference(testCase, { result: '1' }, { result: '2' })).toContain('embedded');
    expect(describeDifference(testCase, { result: '1' }, { error: 2 })).toContain('embedded');
    expect(describeDifference(testCase, { result: '1' }, { result: '1' })).toBeUndefined();
  });
});

if (referenceUri) {
  describe(`the embedded database and ${referenceUri}`, () => {
    let client: MongoClient;
    const database = `differential_${String(process.pid)}`;
    beforeAll(async () => {
      client = await new MongoClient(referenceUri).connect();
    });
    afterAll(async () => {
      await client.db(database).dropDatabase();
      await client.close();
    });

    it('answer random cases alike', async () => {
      await fc.assert(sameAnswers(client.db(database), running.db), {
        seed: SEED,
        numRuns: runs(300),
      });
    }, 3_600_000);
  });
}
