/** What the inputs cost those who did not send them. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { TestServer, TestUser } from '../support/server.js';

/** How long something took, in milliseconds. */
export interface Delays {
  samples: number;
  p50: number;
  p999: number;
  max: number;
}

/** Somebody who asks for their profile all the time; see bystander-thread.mjs. */
export class Bystander {
  private constructor(private readonly worker: Worker) {}

  static start({ url }: Pick<TestServer, 'url'>, { auth }: Pick<TestUser, 'auth'>): Bystander {
    const file = fileURLToPath(new URL('./bystander-thread.mjs', import.meta.url));
    return new Bystander(
      new Worker(file, { workerData: { url, authorization: auth.Authorization } }),
    );
  }

  /** How long they have waited for their answers. */
  async waits(): Promise<Delays> {
    const answered = once(this.worker, 'message') as Promise<[Delays]>;
    this.worker.postMessage('waits');
    return (await answered)[0];
  }

  async stop(): Promise<void> {
    await this.worker.terminate();
  }
}
