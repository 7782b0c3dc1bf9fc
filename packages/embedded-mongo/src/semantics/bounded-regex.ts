import vm from 'node:vm';
import { locationError } from '../errors.js';

/**
 * Milliseconds that one text may take. MongoDB stops by the number of steps instead; either way a
 * pattern that backtracks without end fails, and nobody else waits for it.
 */
const MATCH_MS = 1000;

/** Below this estimate of steps a match is left to itself: watching it costs a tenth of a millisecond. */
const UNWATCHED_STEPS = 1e8;

/** Up to this length even a pattern of exponential cost is done at once. */
const SHORT_TEXT = 20;

/** A quantifier; any number in braces is taken for a high one. */
const REPETITION = /^(?:[*+]|\{\d+(,\d*)?\})/;

const sandbox = vm.createContext({ run: undefined as (() => unknown) | undefined });
const call = new vm.Script('run()');

/** Runs `work`, which must be free of effects, and stops it when it takes too long. */
function watched<T>(work: () => T): T {
  sandbox['run'] = work;
  try {
    return call.runInContext(sandbox, { timeout: MATCH_MS }) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw locationError(
      51156,
      'Error occurred while executing the regular expression: it takes too many steps',
    );
  } finally {
    sandbox['run'] = undefined;
  }
}

/**
 * A regular expression whose matches can't take for ever.
 * @throws MongoError 51156 from a match that takes more than a second
 */
export class BoundedRegExp extends RegExp {
  private readonly risk: Risk;

  constructor(pattern: string | RegExp, flags: string) {
    super(pattern, flags);
    this.risk = riskOf(this.source);
  }

  /** Every other method of a regular expression comes here. */
  override exec(text: string): RegExpExecArray | null {
    const { isExponential, repetitions } = this.risk;
    const isCheap = isExponential
      ? text.length <= SHORT_TEXT
      : text.length ** (repetitions + 1) <= UNWATCHED_STEPS;
    return isCheap ? super.exec(text) : watched(() => super.exec(text));
  }
}

interface Risk {
  /** A repeated group that holds a repetition or a choice: the ways to match may double with each character. */
  readonly isExponential: boolean;
  readonly repetitions: number;
}

/** What the repetitions of a JavaScript pattern may cost at worst. */
function riskOf(pattern: string): Risk {
  const varied = [false];
  let isExponential = false;
  let repetitions = 0;
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at];
    let closesVaried = false;
    if (char === '\\') at += 1;
    else if (char === '[') at = endOfClass(pattern, at);
    else if (char === '(') varied.push(false);
    else if (char === '|') varied[varied.length - 1] = true;
    else if (char === ')') {
      closesVaried = varied.pop() === true;
      if (closesVaried) varied[varied.length - 1] = true;
    }
    const [repetition] = REPETITION.exec(pattern.slice(at + 1, at + 24)) ?? [];
    if (repetition === undefined) continue;
    at += repetition.length;
    isExponential ||= closesVaried;
    if (/^\{\d+\}$/.test(repetition)) continue;
    repetitions += 1;
    varied[varied.length - 1] = true;
  }
  return { isExponential, repetitions };
}

function endOfClass(pattern: string, from: number): number {
  let at = from + 1;
  while (at < pattern.length && pattern[at] !== ']') at += pattern[at] === '\\' ? 2 : 1;
  return at;
}
