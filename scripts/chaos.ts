/**
 * Runs nodes under load and faults and checks that nothing is lost or doubled.
 *
 *     npm run chaos -- --minutes 5 --seed 7 --fault kill-node --count 200
 *
 * Without `--fault` every fault happens. On the embedded database unless MONGODB_URI is set. A violation
 * ends with exit code 1 and the seed that found it.
 */
import { parseArgs } from 'node:util';
import { runChaos } from '../test/chaos/chaos-run.js';
import type { FaultName } from '../test/chaos/faults.js';
import { FAULTS } from '../test/chaos/faults.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    fault: { type: 'string', multiple: true },
    count: { type: 'string' },
    nodes: { type: 'string', default: '3' },
    pairs: { type: 'string', default: '5' },
    rate: { type: 'string', default: '50' },
  },
});

const names = Object.keys(FAULTS) as FaultName[];
const faults = values.fault ? names.filter((name) => values.fault!.includes(name)) : names;
if (faults.length === 0) throw new Error(`--fault takes: ${names.join(', ')}`);

const report = await runChaos({
  seed: Number(values.seed),
  seconds: Number(values.minutes) * 60,
  ...(values.count && { maxFaults: Number(values.count) }),
  nodes: Number(values.nodes),
  mongodbUri: process.env.MONGODB_URI,
  faults,
  pairs: Number(values.pairs),
  sendsPerSecond: Number(values.rate),
  log: (line) => {
    console.log(line);
  },
});
console.log(report);
process.exitCode = report.violations.length > 0 ? 1 : 0;
