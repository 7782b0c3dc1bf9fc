import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, tail } from './command.js';

/** How the tests of one suite ended. */
export interface SuiteResult {
  ok: boolean;
  passed: number;
  failed: number;
  skipped: number;
  seconds: number;
  /** Why it is not ok, for people. */
  report: string;
}

/** The part of jest's JSON report that is read here. */
interface JestReport {
  success: boolean;
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: {
    name: string;
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
}

const JEST = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
/** These start several servers, browsers or kill processes, so they run file by file. */
const ONE_AT_A_TIME = new Set(['chaos', 'e2e']);
const SUITE_TIMEOUT_MS = 12 * 60_000;

const readReport = async (file: string): Promise<JestReport | undefined> =>
  readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as JestReport,
    () => undefined,
  );

const failedTests = ({ testResults }: JestReport): string =>
  testResults
    .flatMap(({ name, message, assertionResults }) => {
      const failed = assertionResults.filter(({ status }) => status === 'failed');
      if (failed.length > 0) {
        return failed.map(
          ({ fullName, failureMessages }) =>
            `failed: ${fullName}  (${name})\n${failureMessages.join('\n')}`,
        );
      }
      return assertionResults.length === 0 && message ? [`could not run: ${name}`] : [];
    })
    .join('\n');

/** Runs one of jest's projects; a suite without a single test counts as failed. */
export const runSuite = async (name: string, env: NodeJS.ProcessEnv): Promise<SuiteResult> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-verify-'));
  const file = join(folder, 'report.json');
  const workers = ONE_AT_A_TIME.has(name) ? '1' : '2';
  const args = ['--selectProjects', name, '--ci', '--json', `--outputFile=${file}`];
  const { ok, output, seconds } = await run(
    process.execPath,
    [...JEST, ...args, `--maxWorkers=${workers}`],
    { env, timeoutMs: SUITE_TIMEOUT_MS },
  );
  const report = await readReport(file);
  await rm(folder, { recursive: true, force: true });
  if (!report) {
    return { ok: false, passed: 0, failed: 1, skipped: 0, seconds, report: tail(output) };
  }
  const passed = report.numPassedTests;
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  const skipped = report.numPendingTests + report.numTodoTests;
  const isEmpty = passed + failed === 0;
  const isOk = ok && report.success && failed === 0 && !isEmpty;
  const problem = isEmpty ? `The suite '${name}' ran no tests.` : failedTests(report);
  return {
    ok: isOk,
    passed,
    failed: isOk ? 0 : Math.max(failed, 1),
    skipped,
    seconds,
    report: isOk ? '' : `${tail(withoutJson(output))}\n${problem}`,
  };
};

/** Jest prints the report that it has written to the file once more, in one long line. */
const withoutJson = (output: string): string =>
  output
    .split('\n')
    .filter((line) => !line.startsWith('{"num'))
    .join('\n');
