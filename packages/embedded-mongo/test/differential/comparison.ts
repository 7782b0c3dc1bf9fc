import { EJSON } from 'bson';
import fc from 'fast-check';
import type { Db } from 'mongodb';
import type { Answer, Case } from './case.types.js';
import { anyCase } from './generators.js';
import { isKnownDifference } from './known-differences.js';
import { runCase } from './run-case.js';

/** A case with the answer that the reference server gave. */
export interface RecordedCase {
  readonly testCase: Case;
  readonly answer: Answer;
}

/** Says how two answers differ; `undefined` when they don't, or only in a known way. */
export function describeDifference(
  testCase: Case,
  reference: Answer,
  own: Answer,
): string | undefined {
  if (JSON.stringify(reference) === JSON.stringify(own)) return undefined;
  if (isKnownDifference(testCase, reference, own)) return undefined;
  return [
    `case      ${EJSON.stringify(testCase, undefined, undefined, { relaxed: false })}`,
    `reference ${JSON.stringify(reference)}`,
    `embedded  ${JSON.stringify(own)}`,
  ].join('\n');
}

/** Runs one case on both servers and fails when their answers differ. */
export async function compareServers(testCase: Case, reference: Db, embedded: Db): Promise<void> {
  const answers = await Promise.allSettled([
    runCase(reference, testCase, false),
    runCase(embedded, testCase, true),
  ]);
  const [theirs, own] = answers.map((answer) => {
    if (answer.status === 'rejected') throw answer.reason;
    return answer.value;
  });
  const difference = describeDifference(testCase, theirs!, own!);
  if (difference !== undefined) throw new Error(difference);
}

/** The property that both servers answer every case alike. */
export function sameAnswers(reference: Db, embedded: Db) {
  return fc.asyncProperty(anyCase, (testCase) => compareServers(testCase, reference, embedded));
}

/** Draws cases and records the reference server's answers, as EJSON text. */
export async function recordCases(reference: Db, count: number, seed: number): Promise<string> {
  const recorded: RecordedCase[] = [];
  for (const testCase of fc.sample(anyCase, { numRuns: count, seed })) {
    recorded.push({ testCase, answer: await runCase(reference, testCase, false) });
  }
  const lines = recorded.map((entry) =>
    EJSON.stringify(renameField(entry, '$regex', '$$regex'), undefined, undefined, {
      relaxed: false,
    }),
  );
  return `[\n${lines.join(',\n')}\n]\n`;
}

/** Reads what {@link recordCases} wrote. */
export function parseRecordedCases(text: string): RecordedCase[] {
  return renameField(EJSON.parse(text, { relaxed: false }), '$$regex', '$regex') as RecordedCase[];
}

/** EJSON would read the operator `$regex` as a regular expression: it is recorded by another name. */
function renameField(value: unknown, from: string, to: string): unknown {
  if (Array.isArray(value)) return value.map((element) => renameField(element, from, to));
  if (value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value as object);
  return Object.fromEntries(
    entries.map(([name, inner]) => [name === from ? to : name, renameField(inner, from, to)]),
  );
}
