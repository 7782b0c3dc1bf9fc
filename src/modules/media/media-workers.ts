import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FairLimiter } from '../../platform/fair-limiter.js';
import { AppError } from '../../shared/errors.js';
import type { MediaJobs, WorkerAnswer, WorkerRequest } from './media-jobs.js';

/**
 * Thrown for a job that has not ended within its time, or has crashed its process; a retry would fail, too.
 */
export class JobAbandoned extends Error {}

/** Number of processes, and so of concurrent jobs; an image may need 4 bytes of memory per pixel. */
const CONCURRENT = 2;
/** One user's share of them, so that there is always a process for somebody else. */
const CONCURRENT_PER_USER = 1;
/** Jobs that may wait; their files are kept on the disk. */
const MAX_WAITING = 64;
const MAX_WAITING_PER_USER = 16;
/** Seconds after which a refused upload may be tried again. */
const RETRY_AFTER = 5;
/** Longest time for a process to start, in milliseconds. */
const START_MS = 30_000;
/** A process is ended after this time without a job, in milliseconds. */
const IDLE_MS = 30_000;
/** JavaScript's memory in a process, in megabytes: exceeding it ends that process alone. */
const HEAP_MB = 256;
/** The environment variables that a process gets: none of the secrets. */
const ENVIRONMENT = ['PATH', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'LD_LIBRARY_PATH'];

const overloaded = (message: string): AppError =>
  new AppError('OVERLOADED', message, { retryAfter: RETRY_AFTER });

/**
 * Processes uploads in separate processes, a few at a time, users in turn. A job that does not end in time is
 * stopped by killing its process; the next job gets a new one.
 */
export class MediaWorkers {
  private readonly idle: Worker[] = [];
  private readonly limiter = new FairLimiter({
    concurrency: CONCURRENT,
    concurrencyPerKey: CONCURRENT_PER_USER,
    maxWaiting: MAX_WAITING,
    maxWaitingPerKey: MAX_WAITING_PER_USER,
    refusal: () => overloaded('Too many files are being worked on; try again'),
  });

  /**
   * Does a job for a user when their turn comes.
   *
   * @param deadlineMs longest time for the job itself, from its turn on, in milliseconds.
   * @throws {JobAbandoned} when it takes longer, or its process ends.
   * @throws {AppError} what the job throws; OVERLOADED when too many wait or no process can be started.
   */
  run<Name extends keyof MediaJobs>(
    userId: string,
    name: Name,
    input: MediaJobs[Name]['input'],
    deadlineMs: number,
  ): Promise<MediaJobs[Name]['output']> {
    return this.limiter.run(userId, async () => {
      const worker = this.take() ?? (await Worker.start());
      const output = await worker.run({ name, input }, deadlineMs);
      if (worker.isAlive) this.keep(worker);
      if (output.isDone) return output.output as MediaJobs[Name]['output'];
      const { code, message, retryAfter, details } = output;
      throw code ? new AppError(code, message, { retryAfter, details }) : new Error(message);
    });
  }

  private take(): Worker | undefined {
    for (;;) {
      const worker = this.idle.pop();
      if (!worker || worker.isAlive) return worker;
    }
  }

  private keep(worker: Worker): void {
    this.idle.push(worker);
    worker.rest(() => {
      const at = this.idle.indexOf(worker);
      if (at !== -1) this.idle.splice(at, 1);
    });
  }
}

/** One process, which does one job at a time. */
class Worker {
  isAlive = true;
  private idleTimer: NodeJS.Timeout | undefined;
  /** Called with the process's next message, or with undefined when it has ended. */
  private listener: ((message: unknown) => void) | undefined;

  private constructor(private readonly process: ChildProcess) {
    const end = () => {
      this.isAlive = false;
      this.listener?.(undefined);
    };
    process.on('message', (message) => this.listener?.(message));
    process.once('exit', end);
    process.once('error', end);
    // An idle process must not keep its parent from exiting.
    process.unref();
    process.channel?.unref();
  }

  /** @throws {AppError} OVERLOADED when the machine has no room for one more. */
  static async start(): Promise<Worker> {
    const isSource = import.meta.url.endsWith('.ts');
    const file = fileURLToPath(
      new URL(isSource ? './media-worker.ts' : './media-worker.js', import.meta.url),
    );
    const worker = new Worker(
      fork(file, {
        execArgv: [`--max-old-space-size=${HEAP_MB}`, ...(isSource ? ['--import', 'tsx'] : [])],
        env: Object.fromEntries(ENVIRONMENT.map((name) => [name, process.env[name]])),
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      }),
    );
    if ((await worker.nextMessage(START_MS)) === undefined) {
      throw overloaded('No process could be started to work on the file; try again');
    }
    return worker;
  }

  /** @throws {JobAbandoned} */
  async run(request: WorkerRequest, deadlineMs: number): Promise<WorkerAnswer> {
    clearTimeout(this.idleTimer);
    const answer = this.nextMessage(deadlineMs);
    // If the request cannot be sent, the process has ended, and `nextMessage` answers undefined.
    this.process.send(request, () => undefined);
    const message = await answer;
    if (message === undefined) throw new JobAbandoned(`${request.name} did not end in time`);
    return message as WorkerAnswer;
  }

  /** Ends the process unless it gets work soon. */
  rest(ended: () => void): void {
    this.idleTimer = setTimeout(() => {
      ended();
      this.kill();
    }, IDLE_MS);
    this.idleTimer.unref();
  }

  /** The process's next message; undefined when it ends, or is killed for taking too long. */
  private async nextMessage(timeoutMs: number): Promise<unknown> {
    if (!this.isAlive) return undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve) => {
        this.listener = resolve;
        timer = setTimeout(() => {
          this.kill();
          resolve(undefined);
        }, timeoutMs);
      });
    } finally {
      clearTimeout(timer);
      this.listener = undefined;
    }
  }

  private kill(): void {
    this.isAlive = false;
    this.process.kill('SIGKILL');
  }
}
