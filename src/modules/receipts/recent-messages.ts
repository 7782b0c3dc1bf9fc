import { LRUCache } from 'lru-cache';
import { atMost } from '../../shared/at-most.js';

/** The parts of a message that never change. */
export interface MessageRef {
  id: string;
  seq: number;
  senderId: string;
}

/** Chats whose newest messages are remembered, and how many of each. */
const MAX_CHATS = 2000;
const MAX_MESSAGES = 64;

/**
 * The newest messages of the chats in which somebody writes, as far as this node has heard of them. People mostly
 * read what has just come, and then the database need not be asked which messages those were. Numbers have no
 * holes, so it is certain whether all messages between two numbers are known.
 */
export class RecentMessages {
  /** Messages by chat, then number. */
  private readonly chats = new LRUCache<string, Map<number, MessageRef>>({ ...atMost(MAX_CHATS) });

  /** Remembers a message that has been sent. */
  note(chatId: string, { id, seq, senderId }: MessageRef): void {
    const known = this.chats.get(chatId) ?? new Map<number, MessageRef>();
    if (known.size === 0) this.chats.set(chatId, known);
    known.set(seq, { id, seq, senderId });
    if (known.size <= MAX_MESSAGES) return;
    const [oldest] = known.keys();
    known.delete(oldest!);
  }

  /** The highest number among messages of a chat; undefined when one of them is not known. */
  newestSeqAmong(chatId: string, messageIds: string[]): number | undefined {
    const known = this.chats.get(chatId);
    if (!known) return undefined;
    const seqs = new Map([...known.values()].map(({ id, seq }) => [id, seq]));
    const found = messageIds.map((id) => seqs.get(id));
    return found.every((seq) => seq !== undefined) ? Math.max(...found) : undefined;
  }

  /** Messages after one number up to another, ascending; undefined when one of them is not known. */
  between(chatId: string, after: number, upTo: number): MessageRef[] | undefined {
    const known = this.chats.get(chatId);
    if (!known || upTo - after > known.size) return undefined;
    const found: MessageRef[] = [];
    for (let seq = after + 1; seq <= upTo; seq++) {
      const message = known.get(seq);
      if (!message) return undefined;
      found.push(message);
    }
    return found;
  }
}
