/** A short run on three nodes; `npm run chaos` runs longer ones, with every fault on either database. */
import { expect, it } from '@jest/globals';
import { runChaos } from './chaos-run.js';
import type { FaultName } from './faults.js';
import { FAULTS } from './faults.js';

it('a cluster loses nothing and doubles nothing while what it stands on fails', async () => {
  const report = await runChaos({
    seed: 20_261_121,
    seconds: 20,
    nodes: 3,
    mongodbUri: process.env.MONGODB_URI,
    faults: Object.keys(FAULTS) as FaultName[],
    pairs: 3,
    sendsPerSecond: 40,
  });
  expect(report.violations).toEqual([]);
  expect(report.acknowledged).toBe(report.sends);
  expect(report.written).toBe(report.sends);
  expect(Object.keys(report.faults).length).toBeGreaterThan(0);
}, 600_000);
