/**
 * `npm run verify`: everything that must hold before a change is merged. Ends at once when the programs that
 * the tests need cannot be installed; else runs every check even when one fails, then says what each gave. The last line sums up the tests; the exit code is 0 only when all
 * is well.
 */
import jestConfig from '../../jest.config.js';
import { run, tail } from './command.js';
import { runSuite } from './jest-suite.js';
import type { SuiteResult } from './jest-suite.js';
import { secondDatabase } from './second-database.js';
import { installSystemPackages } from './system-packages.js';

interface Line {
  name: string;
  ok: boolean;
  seconds: number;
  detail: string;
}

const lines: Line[] = [];
const failedTests: string[] = [];
const totals = { passed: 0, failed: 0, skipped: 0 };
const env: NodeJS.ProcessEnv = {
  ...process.env,
  CI: 'true',
  TEST_THOROUGH: 'true',
  FORCE_COLOR: '0',
};

const note = (line: Line, report: string): void => {
  lines.push(line);
  console.log(
    `${line.ok ? 'ok    ' : 'FAILED'} ${line.name} (${line.seconds.toFixed(1)} s) ${line.detail}`,
  );
  if (!line.ok && report) console.log(`${report}\n`);
};

const check = async (name: string, script: string): Promise<void> => {
  const { ok, output, seconds } = await run('npm', ['run', '--silent', script], { env });
  note({ name, ok, seconds, detail: '' }, tail(output));
};

const suiteNames = (jestConfig.projects ?? []).map((project) => {
  if (typeof project === 'string' || typeof project.displayName !== 'string') {
    throw new Error('Every project in jest.config.ts needs a displayName, which is its folder');
  }
  return project.displayName;
});

const countOf = ({
  passed,
  failed,
  skipped,
}: Pick<SuiteResult, 'passed' | 'failed' | 'skipped'>): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

/** Suites that are run on the second database in part, or not at all: what they test does not depend on it. */
const ON_SECOND_DATABASE: Record<string, { files?: string; isLeftOut?: true }> = {
  unit: { isLeftOut: true },
  e2e: { isLeftOut: true },
  // Compares the embedded database with the second one.
  embedded: { files: 'differential' },
};

const test = async (
  suites: { name: string; files?: string }[],
  database: string,
  uri: string,
): Promise<void> => {
  for (const { name: suite, files } of suites) {
    const result = await runSuite(suite, { ...env, MONGODB_URI: uri }, files);
    totals.passed += result.passed;
    totals.failed += result.failed;
    totals.skipped += result.skipped;
    failedTests.push(...result.failures.map((failure) => `${failure}, ${database}`));
    const { ok, seconds, report } = result;
    note({ name: `${suite} tests, ${database}`, ok, seconds, detail: countOf(result) }, report);
  }
};

const testOnSecondDatabase = async (): Promise<void> => {
  const suites = suiteNames
    .filter((name) => !ON_SECOND_DATABASE[name]?.isLeftOut)
    .map((name) => ({ name, ...ON_SECOND_DATABASE[name] }));
  try {
    const database = await secondDatabase();
    if (!database) {
      console.log('note   MONGODB_URI is not set: the tests ran on the embedded database only');
      return;
    }
    try {
      await test(suites, 'MongoDB', database.uri);
    } finally {
      await database.stop();
    }
  } catch (error) {
    note({ name: 'second database', ok: false, seconds: 0, detail: '' }, tail(String(error)));
  }
};

const packages = await installSystemPackages();
note({ name: 'system packages', ...packages, detail: '' }, tail(packages.output));
if (!packages.ok) {
  console.log('tests: 0 passed, 1 failed');
  process.exit(1);
}
await check('formatting', 'format:check');
await check('lint', 'lint');
await check('types', 'typecheck');
await check('import rules', 'check:imports');
await check('dependencies', 'check:dependencies');
await check('generated files', 'check:generated');
await check('build', 'build');
await test(
  suiteNames.map((name) => ({ name })),
  'embedded database',
  '',
);
await testOnSecondDatabase();

const failures = lines.filter((line) => !line.ok);
const slowestFirst = lines.toSorted((a, b) => b.seconds - a.seconds);
console.log('\nseconds  what');
for (const { name, seconds } of slowestFirst) {
  console.log(`${seconds.toFixed(0).padStart(7)}  ${name}`);
}
console.log(
  failures.length === 0
    ? `\nAll ${lines.length} checks are well.`
    : `\n${failures.length} of ${lines.length} checks failed: ${failures.map(({ name }) => name).join('; ')}`,
);
for (const failure of failedTests) console.log(failure);
console.log(`tests: ${countOf(totals)}`);
process.exitCode = failures.length === 0 ? 0 : 1;
