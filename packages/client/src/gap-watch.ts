import type { Timers } from './timers.js';

/** How long a missing change may still come by itself, in milliseconds. */
export const GAP_PATIENCE_MS = 500;

/** A wait for missing changes of one chat. */
interface Gap {
  /** The server is known to be this far; 0 when only a hole was seen. */
  version: number;
  cancel(): void;
}

/** Gives changes that are missing a moment to arrive by themselves. */
export class GapWatch {
  private readonly gaps = new Map<string, Gap>();

  /** @param onOverdue the moment is over; `version` is how far the server is known to be. */
  constructor(
    private readonly timers: Timers,
    private readonly onOverdue: (chatId: string, version: number) => void,
  ) {}

  /** Waits for missing changes of a chat, up to `version` if it is known: one wait per chat. */
  watch(chatId: string, version = 0): void {
    const waiting = this.gaps.get(chatId);
    if (waiting) {
      waiting.version = Math.max(waiting.version, version);
      return;
    }
    const cancel = this.timers.after(GAP_PATIENCE_MS, () => {
      const wanted = this.gaps.get(chatId)?.version ?? 0;
      this.gaps.delete(chatId);
      this.onOverdue(chatId, wanted);
    });
    this.gaps.set(chatId, { version, cancel });
  }

  /** Waits for nothing any more. */
  clear(): void {
    for (const { cancel } of this.gaps.values()) cancel();
    this.gaps.clear();
  }
}
