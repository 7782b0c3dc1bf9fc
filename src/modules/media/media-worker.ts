/** Entry of the process that works on uploads; `media-workers.ts` starts it. */
import { setPriority } from 'node:os';
import { AppError } from '../../shared/errors.js';
import { doMediaJob } from './media-jobs.js';
import type { WorkerAnswer, WorkerRequest } from './media-jobs.js';

/** Chat has priority over images when the processor is busy. */
const PRIORITY = 10;

const answer = async ({ name, input }: WorkerRequest): Promise<WorkerAnswer> => {
  try {
    const work = doMediaJob[name] as (input: unknown) => Promise<unknown>;
    return { isDone: true, output: await work(input) };
  } catch (error) {
    const { message } = error as Error;
    if (!(error instanceof AppError)) return { isDone: false, message };
    const { code, retryAfter, details } = error;
    return { isDone: false, message, code, retryAfter, details };
  }
};

try {
  setPriority(PRIORITY);
} catch {
  // Some systems do not allow it; the worker runs without it.
}
process.on('message', (request: WorkerRequest) => {
  void answer(request).then((result) => process.send?.(result));
});
// Without its parent, nothing would end this process.
process.on('disconnect', () => process.exit());
// Ctrl-C in a terminal reaches the whole group; the parent ends this process when it has shut down.
process.on('SIGINT', () => undefined);
process.send?.('ready');
