/** Entry of the process that works on uploads; `media-workers.ts` starts it. */
import { setPriority } from 'node:os';
import { AppError } from '../../shared/errors.js';
import { doMediaJob } from './media-jobs.js';
import type { WorkerAnswer, WorkerRequest } from './media-jobs.js';

/** Chat goes before images where both want the processor. */
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
  // Some systems do not allow it; it is a courtesy.
}
process.on('message', (request: WorkerRequest) => {
  void answer(request).then((result) => process.send?.(result));
});
// Without its parent nobody would end it.
process.on('disconnect', () => process.exit());
// Ctrl-C in a terminal reaches the whole group; the parent ends this process when it has shut down.
process.on('SIGINT', () => undefined);
process.send?.('ready');
