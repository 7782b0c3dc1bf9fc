/**
 * Throws broken input at every route and socket command of the built program, and checks that it neither
 * breaks nor forgets itself.
 *
 *     npm run fuzz -- --count 100000 --seed 7 [--only rest|socket] [--start N] [--minutes M]
 *         [--max-delay 250]
 *
 * A violation is printed with its input and ends with exit code 1; the same seed makes the same inputs, and
 * `--start` skips those before a number. `--minutes` ends the run earlier. Meanwhile somebody else reads their
 * profile: 99.9 % of these requests, and of the looks at the server's event loop, may be `--max-delay`
 * milliseconds late, which holds on a machine with nothing else to do; 0 only reports.
 */
import { parseArgs } from 'node:util';
import { runFuzz } from '../test/fuzz/fuzz-run.js';
import { listSurface } from './route-list.js';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string' },
    start: { type: 'string', default: '0' },
    minutes: { type: 'string' },
    'max-delay': { type: 'string', default: '250' },
  },
});

const { only } = values;
if (only !== undefined && only !== 'rest' && only !== 'socket') {
  throw new Error('--only takes: rest, socket');
}

const startedAt = performance.now();
const { violations, ...report } = await runFuzz({
  seed: Number(values.seed),
  count: Number(values.count),
  start: Number(values.start),
  maxDelayMs: Number(values['max-delay']) || Infinity,
  ...(values.minutes && { minutes: Number(values.minutes) }),
  only,
  surface: await listSurface(),
  log: (line) => {
    console.log(line);
  },
});
for (const violation of violations) console.log(`\n${violation}`);
console.log({
  ...report,
  violations: violations.length,
  seconds: Math.round((performance.now() - startedAt) / 1000),
});
process.exitCode = violations.length > 0 || report.untouched.length > 0 ? 1 : 0;
