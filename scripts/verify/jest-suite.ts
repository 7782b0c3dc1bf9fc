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
  /** Name and file of each test that failed. */
  failures: string[];
  /** Why it is not ok, for people. */
  report: string;
}

/** The part of jest's JSON report that is read here. */
interface JestReport {
  success: boolean;
  numPassedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
}

const JEST = 'node_modules/jest/bin/jest.js';
/** These start several servers, browsers or kill processes, so they run file by file. */
const ONE_AT_A_TIME = new Set(['chaos', 'e2e']);
const SUITE_TIMEOUT_MS = 20 * 60_000;

const readReport = async (file: string): Promise<JestReport | undefined> =>
  readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as JestReport,
    () => undefined,
  );

interface Failure {
  name: string;
  messages: string[];
}

/** The tests that failed, and the files that failed otherwise: could not be loaded, left a rejection behind. */
const failuresOf = ({ testResults }: JestReport): Failure[] =>
  testResults.flatMap(({ name: file, status: fileStatus, message, assertionResults }) => {
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    if (failed.length === 0 && fileStatus === 'failed') {
      const what = assertionResults.length === 0 ? 'could not run' : 'failed outside its tests';
      return [{ name: `${what}: ${file}`, messages: [message] }];
    }
    return failed.map(({ fullName, failureMessages }) => ({
      name: `failed: ${fullName}  (${file})`,
      messages: failureMessages,
    }));
  });

/**
 * Runs one of jest's projects; a suite without a single test counts as failed.
 *
 * @param files part of the paths of the files to run; absent: all of the suite.
 */
export const runSuite = async (
  name: string,
  env: NodeJS.ProcessEnv,
  files?: string,
): Promise<SuiteResult> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-verify-'));
  const file = join(folder, 'report.json');
  const workers = ONE_AT_A_TIME.has(name) ? '1' : '2';
  const args = ['--selectProjects', name, '--ci', '--json', `--outputFile=${file}`];
  if (files) args.push('--testPathPatterns', files);
  const { ok, output, seconds } = await run(
    process.execPath,
    [JEST, ...args, `--maxWorkers=${workers}`],
    { env, timeoutMs: SUITE_TIMEOUT_MS },
  );
  const report = await readReport(file);
  await rm(folder, { recursive: true, force: true });
  if (!report) {
    const failures = [`could not run: the suite '${name}'`];
    return { ok: false, passed: 0, failed: 1, skipped: 0, seconds, failures, report: tail(output) };
  }
  const passed = report.numPassedTests;
  const failures = failuresOf(report);
  const failed = failures.length;
  const skipped = report.numPendingTests + report.numTodoTests;
  const isEmpty = passed + failed === 0;
  const isOk = ok && report.success && failed === 0 && !isEmpty;
  const problem = isEmpty
    ? `The suite '${name}' ran no tests.`
    : failures.flatMap((failure) => [failure.name, ...failure.messages]).join('\n');
  return {
    ok: isOk,
    passed,
    failed: isOk ? 0 : Math.max(failed, 1),
    skipped,
    seconds,
    failures: failures.map((failure) => failure.name),
    // What failed comes first: a log that is cut off is cut off at its end.
    report: isOk ? '' : `${problem}\n${tail(withoutNoise(output))}`,
  };
};

/**
 * Leaves out the files that passed, and the report that Jest prints once more, in one long line, after
 * writing it to the file.
 */
const withoutNoise = (output: string): string =>
  output
    .split('\n')
    .filter((line) => !line.startsWith('{"num') && !line.startsWith('PASS '))
    .join('\n');
