/**
 * A short run of the fuzzer against the built program; `npm run fuzz` makes longer ones. What it throws and
 * what must hold stands in test/fuzz.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from '@jest/globals';
import { listSurface } from '../../scripts/route-list.js';
import { runFuzz } from '../fuzz/fuzz-run.js';
import { SEED, runs } from '../support/seed.js';

/** Building takes far less, but not on a machine that is busy with other suites. */
const BUILD_MS = 300_000;
const RUN_MS = 120_000;

beforeAll(async () => {
  await promisify(execFile)(process.execPath, ['scripts/build.mjs', '--if-needed']);
}, BUILD_MS);

it(
  'no input of any kind breaks the server',
  async () => {
    const report = await runFuzz({
      seed: SEED,
      count: runs(2000),
      surface: await listSurface(),
      // Time is judged on a quiet machine (`npm run fuzz`); here only what no busy one explains.
      maxDelayMs: 15_000,
      // A machine that is busy with other suites must not look like a server that hangs.
      env: { REQUEST_TIMEOUT_MS: '20000', DATABASE_TIMEOUT_MS: '20000' },
    });
    expect(report.violations).toEqual([]);
    expect(report.untouched).toEqual([]);
    expect(report.busy).toEqual({});
    expect(report.bystander!.samples).toBeGreaterThan(0);
    expect(report.eventLoop!.samples).toBeGreaterThan(0);
    expect(report.inputs).toBe(runs(2000));
  },
  RUN_MS,
);
