import type { Logger } from '../../platform/logger.js';
import type { Actor } from '../../shared/actor.js';
import type { ChatState } from '../chats/index.js';
import type { SyncedChat } from './chat-changes.js';
import type { CursorState } from './cursor-state-finder.js';

/** What noting deliveries is built from. */
export interface SyncDeliveriesParts {
  /** Notes that one of the user's devices has everything up to a message. */
  markDelivered(chatId: string, userId: string, seq: number): Promise<void>;
  logger: Logger;
}

/** Chats noted at a time. */
const CONCURRENCY = 8;

/** Notes what a client has received by syncing. */
export class SyncDeliveries {
  constructor(private readonly parts: SyncDeliveriesParts) {}

  /** A client that has a log to its end has received it; failing to note that does not fail the sync. */
  async note(
    { userId }: Actor,
    states: ChatState[],
    cursorStates: Map<string, CursorState>,
    done: SyncedChat[],
  ): Promise<void> {
    const complete = new Map(
      done
        .filter(({ hasMore }) => !hasMore)
        .map(({ state, head }) => [state.chat._id.toHexString(), head.seq]),
    );
    const moved = states.flatMap(({ chat, membership }) => {
      const chatId = chat._id.toHexString();
      const isCurrent = cursorStates.get(chatId) === 'current';
      const seq = complete.get(chatId) ?? (isCurrent ? chat.lastSeq : 0);
      return seq > membership.lastDeliveredSeq ? [{ chatId, seq }] : [];
    });
    for (let i = 0; i < moved.length; i += CONCURRENCY) {
      try {
        await Promise.all(
          moved
            .slice(i, i + CONCURRENCY)
            .map(({ chatId, seq }) => this.parts.markDelivered(chatId, userId, seq)),
        );
      } catch (error) {
        this.parts.logger.warn({ err: error }, 'deliveries were not noted');
      }
    }
  }
}
