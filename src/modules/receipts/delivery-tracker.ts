import type { Logger } from '../../platform/logger.js';
import { CoalescedTask } from '../../platform/coalesced-task.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import type { Delivery, Receipts } from './receipts.js';

/** How long deliveries may gather before they are written, in milliseconds. */
const FLUSH_DELAY_MS = 250;
/** Positions that one write moves at most. */
const BATCH_SIZE = 500;
/** Positions that may gather while the database is slow; further ones wait for their next message. */
const MAX_PENDING = 50_000;
/** Messages that one notice of delivery names; a position that moves further says the rest. */
const MAX_NAMED = 500;

/**
 * Gathers the deliveries of this node's devices, so that many messages in a row cost one write.
 * Losing some in a crash is harmless, because the next message or sync moves the position.
 */
export class DeliveryTracker {
  private pending = new Map<string, Delivery>();
  private timer: NodeJS.Timeout | undefined;
  private readonly rounds = new CoalescedTask(() => this.write());

  constructor(
    private readonly receipts: Receipts,
    private readonly logger: Logger,
  ) {}

  /** Notes that a device of the user has been sent a message. */
  note(
    message: { id: string; chatId: string; seq: number; senderId: string },
    userId: string,
  ): void {
    const { id, chatId, seq, senderId } = message;
    const key = `${chatId}:${userId}`;
    const known = this.pending.get(key);
    if (known) {
      known.seq = Math.max(known.seq, seq);
      if (known.messageIds.length < MAX_NAMED) known.messageIds.push(id);
      if (!known.senderIds.includes(senderId)) known.senderIds.push(senderId);
    } else if (this.pending.size < MAX_PENDING) {
      this.pending.set(key, { chatId, userId, seq, messageIds: [id], senderIds: [senderId] });
    }
    this.timer ??= setTimeout(() => {
      void this.flush();
    }, FLUSH_DELAY_MS);
  }

  /** Writes what has gathered; resolves when it is written. */
  flush(): Promise<void> {
    return this.rounds.run();
  }

  private async write(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const deliveries = [...this.pending.values()];
    this.pending = new Map();
    for (let i = 0; i < deliveries.length; i += BATCH_SIZE) {
      try {
        const batch = deliveries.slice(i, i + BATCH_SIZE);
        await withDeadline(this.receipts.noteDelivered(batch), QUEUE_STEP_MS);
      } catch (error) {
        this.logger.warn({ err: error }, 'deliveries were not noted');
      }
    }
  }
}
