import type { Worker } from 'node:worker_threads';
import { startWorker } from '../start-worker.js';
import type { CheckpointOptions, CheckpointResult } from '../worker-messages.types.js';
import type { DatabaseFile } from './database-file.js';

/**
 * Keeps the write-ahead log short. Moving it into the file takes tens of milliseconds, in which nobody
 * would be answered; so a thread of its own does it (`checkpoint-worker.ts`), and the database only
 * starts the log anew. Should the thread fail, SQLite moves the log by itself, later and all at once.
 */
export class Checkpointer {
  private readonly worker: Worker;
  private readonly ended: Promise<void>;

  /** @param onFailure told when the log could not be moved, or the thread has ended by an error */
  constructor(file: DatabaseFile, onFailure: (error: unknown) => void) {
    const options: CheckpointOptions = { file: file.path };
    this.worker = startWorker('checkpoint-worker', options);
    this.worker.on('message', ({ failure }: CheckpointResult) => {
      if (failure !== undefined) {
        onFailure(failure);
        return;
      }
      try {
        file.checkpoint();
      } catch (error) {
        // A full disk must not end the database: what the log has stays in the log.
        onFailure(error);
      }
    });
    this.worker.on('error', onFailure);
    this.ended = new Promise((resolve) => {
      this.worker.once('exit', () => {
        resolve();
      });
    });
  }

  /** Ends the thread; resolves when it has let go of the file. */
  async stop(): Promise<void> {
    this.worker.removeAllListeners('message');
    this.worker.postMessage('stop');
    await this.ended;
  }
}
