import type { Logger } from './logger.js';

/** One step of the shutdown; later steps may rely on earlier ones being done. */
interface Step {
  name: string;
  timeoutMs: number;
  run(): Promise<void> | void;
}

/**
 * Shuts the process down in order: each step runs after the one before it has ended or timed out, so
 * that a hanging component delays the exit but does not prevent it.
 */
export class Shutdown {
  private readonly steps: Step[] = [];
  private ending: Promise<void> | undefined;

  constructor(private readonly logger: Logger) {}

  /** Adds the next step; `timeoutMs` is the longest it may take. */
  add(name: string, timeoutMs: number, run: () => Promise<void> | void): void {
    this.steps.push({ name, timeoutMs, run });
  }

  /** Whether the shutdown has begun. */
  get hasBegun(): boolean {
    return this.ending !== undefined;
  }

  /** Runs all steps once; further calls wait for the same end. */
  run(): Promise<void> {
    this.ending ??= this.runSteps();
    return this.ending;
  }

  private async runSteps(): Promise<void> {
    for (const step of this.steps) {
      let timer: NodeJS.Timeout | undefined;
      const deadline = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          reject(new Error(`not done within ${step.timeoutMs} ms`));
        }, step.timeoutMs);
      });
      try {
        await Promise.race([step.run(), deadline]);
      } catch (error) {
        this.logger.error({ err: error, step: step.name }, 'a shutdown step failed');
      } finally {
        clearTimeout(timer);
      }
    }
  }
}
