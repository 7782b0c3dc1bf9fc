import type { OutgoingMessage } from './outbox.js';
import type { KeyValueStorage } from './storage.js';

/** A message as it lies in the storage; keys sort in the order in which messages were written. */
export interface StoredMessage {
  key: string;
  message: OutgoingMessage;
  /** When it was written, as its key says: milliseconds since 1970. */
  at: number;
}

/**
 * What an account's outbox keeps over a reload. A storage that fails does no more harm than that: messages
 * are sent from memory, and what cannot be removed is sent again at the next start.
 */
export class OutboxStorage {
  private readonly prefix: string;
  /** When the newest message was written, as its key says. */
  private newest = 0;

  /** @param account whose messages these are; two accounts on one device never send each other's. */
  constructor(
    account: string,
    private readonly storage: KeyValueStorage,
  ) {
    this.prefix = `parley:outbox:${account}:`;
  }

  /** A key that sorts after all that are known, also when the clock has been set back. */
  nextKey({ clientMessageId }: OutgoingMessage, now: number): string {
    this.newest = Math.max(now, this.newest + 1);
    return `${this.prefix}${String(this.newest).padStart(15, '0')}-${clientMessageId}`;
  }

  /** What an earlier page or process has left, in order, but for what is `known` already. */
  async *left(known: ReadonlySet<string>): AsyncGenerator<StoredMessage> {
    const keys = await this.storage.keys(this.prefix);
    for (const key of keys.filter((each) => !known.has(each)).sort()) {
      const at = timeIn(key.slice(this.prefix.length));
      this.newest = Math.max(this.newest, at);
      const message = await this.read(key);
      if (message) yield { key, message, at };
    }
  }

  /** Resolves when the storage has taken the message, or never will. */
  async keep({ key, message }: Omit<StoredMessage, 'at'>): Promise<void> {
    try {
      await this.storage.set(key, JSON.stringify(message));
    } catch {
      // It is full, or nothing may be stored here.
    }
  }

  /** Removes a message that is done with. */
  async forget(key: string): Promise<void> {
    try {
      await this.storage.remove(key);
    } catch {
      // The server will know the message by its id.
    }
  }

  /** What nobody can read, nobody can send; what cannot be read now may be readable at the next start. */
  private async read(key: string): Promise<OutgoingMessage | undefined> {
    let text: string | undefined;
    try {
      text = await this.storage.get(key);
    } catch {
      return undefined;
    }
    const message = text === undefined ? undefined : parse(text);
    if (!message) await this.forget(key);
    return message;
  }
}

/** When a message was written, by what its key says behind the account. */
const timeIn = (rest: string): number => Number(/^\d+/.exec(rest)?.[0] ?? 0);

const parse = (text: string): OutgoingMessage | undefined => {
  try {
    const value = JSON.parse(text) as Partial<OutgoingMessage> | null;
    const isWhole = typeof value?.chatId === 'string' && typeof value.clientMessageId === 'string';
    return isWhole ? (value as OutgoingMessage) : undefined;
  } catch {
    return undefined;
  }
};
