import { ChatError, toChatError } from './chat-error.js';
import { OutboxStorage } from './outbox-storage.js';
import { Retry } from './retry.js';
import type { KeyValueStorage } from './storage.js';
import type { Timers } from './timers.js';
import type { ChatMessage, MediaItem } from './wire.types.js';

/** A message on its way. */
export interface OutgoingMessage {
  chatId: string;
  /** Makes retries safe: the server writes one message under it, however often it is sent. */
  clientMessageId: string;
  content?: string;
  messageType?: Exclude<ChatMessage['messageType'], 'system'>;
  /** With `messageType: 'custom'`. */
  customType?: string;
  metadata?: Record<string, unknown>;
  media?: MediaItem[];
  replyTo?: string;
}

interface Entry {
  key: string;
  message: OutgoingMessage;
  /** Resolves when the storage has taken the message, or never will. */
  stored: Promise<void>;
  resolve(sent: ChatMessage): void;
  reject(error: ChatError): void;
}

/** The messages of one chat, sent one after the other. */
interface Lane {
  entries: Entry[];
  isRunning: boolean;
  /** Of the first entry. */
  retry: Retry;
  /** Whether a new connection is a reason to end the pause before the next attempt. */
  isWakeable: boolean;
}

/** What the outbox is built from. */
export interface OutboxParts {
  /** Whose messages these are; two accounts on one device never send each other's. */
  account: string;
  storage: KeyValueStorage;
  timers: Timers;
  /** Messages that may wait; the next one is refused as OUTBOX_FULL. */
  limit: number;
  /** Sends once; rejects with a ChatError. */
  send(message: OutgoingMessage): Promise<ChatMessage>;
  onSent(message: ChatMessage): void;
  onFailed(message: OutgoingMessage, error: ChatError): void;
}

/**
 * Messages that the server has not acknowledged. They are stored before they are sent, and sent again
 * until there is an answer, through outages and reloads; in each chat one after the other, so that
 * they arrive in the order in which they were written.
 */
export class Outbox {
  private readonly lanes = new Map<string, Lane>();
  /** Messages that wait for their acknowledgement, those included that are not in a lane yet. */
  private size = 0;
  private isOpen = true;
  private loading: Promise<void> = Promise.resolve();
  private readonly storage: OutboxStorage;

  constructor(private readonly parts: OutboxParts) {
    this.storage = new OutboxStorage(parts.account, parts.storage);
  }

  /**
   * Takes up what an earlier page or process of this account has left; what is added from now on comes
   * after it. A storage that cannot be read has left nothing.
   */
  load(): Promise<void> {
    this.loading = this.takeUp().catch(ignore);
    return this.loading;
  }

  /**
   * Stores and sends; resolves when the server has the message, rejects when it never will, or at once
   * as OUTBOX_FULL.
   */
  async add(message: OutgoingMessage): Promise<ChatMessage> {
    if (this.size >= this.parts.limit) throw full();
    this.size += 1;
    await this.loading;
    return new Promise<ChatMessage>((resolve, reject) => {
      const key = this.storage.nextKey(message, this.parts.timers.now());
      const stored = this.storage.keep({ key, message });
      this.enqueue({ key, message, stored, resolve, reject });
    });
  }

  /** Messages that wait for their acknowledgement, in order. */
  pending(): OutgoingMessage[] {
    return this.entries().map(({ message }) => message);
  }

  /**
   * Tries again at once what waits for its next attempt, but not what the last connection ended under:
   * if it was that message that ended it, it would end the new one too, again and again.
   */
  wake(): void {
    for (const { isWakeable, retry } of this.lanes.values()) {
      // That the server was away for long is no reason to wait long when it is busy now.
      if (isWakeable && retry.stop()) retry.reset();
    }
  }

  /** Goes on sending after {@link close}. */
  open(): void {
    this.isOpen = true;
    for (const [chatId, lane] of this.lanes) this.start(chatId, lane);
  }

  /** Sends nothing any more until it is opened again; what is left stays stored. */
  close(): void {
    this.isOpen = false;
    for (const { retry } of this.lanes.values()) retry.stop();
  }

  private async takeUp(): Promise<void> {
    const known = new Set(this.entries().map(({ key }) => key));
    for await (const { key, message } of this.storage.left(known)) {
      this.size += 1;
      const stored = Promise.resolve();
      this.enqueue({ key, message, stored, resolve: ignore, reject: ignore });
    }
  }

  private entries(): Entry[] {
    return [...this.lanes.values()].flatMap(({ entries }) => entries);
  }

  private enqueue(entry: Entry): void {
    const { chatId } = entry.message;
    const lane = this.lanes.get(chatId) ?? this.newLane();
    this.lanes.set(chatId, lane);
    lane.entries.push(entry);
    this.start(chatId, lane);
  }

  /** One at a time: who still runs, because its last answer is not there yet, goes on by itself. */
  private start(chatId: string, lane: Lane): void {
    if (!lane.isRunning) void this.run(chatId, lane);
  }

  private async run(chatId: string, lane: Lane): Promise<void> {
    const { entries } = lane;
    lane.isRunning = true;
    for (let entry = entries[0]; entry && this.isOpen; entry = entries[0]) {
      await this.attempt(lane, entry);
    }
    lane.isRunning = false;
    if (entries.length === 0) this.lanes.delete(chatId);
  }

  /** Sends once; pauses after a refusal that may pass, and gives up after any other. */
  private async attempt(lane: Lane, entry: Entry): Promise<void> {
    // What is removed before it is stored would be there again at the next start.
    await entry.stored;
    let sent: ChatMessage;
    try {
      sent = await this.parts.send(entry.message);
    } catch (thrown) {
      const error = toChatError(thrown);
      if (error.isRetryable || error.isAboutLogin) {
        await this.pauseAfter(error, lane);
        return;
      }
      await this.done(lane, entry);
      this.parts.onFailed(entry.message, error);
      entry.reject(error);
      return;
    }
    await this.done(lane, entry);
    this.parts.onSent(sent);
    entry.resolve(sent);
  }

  /** Before anybody is told: whoever then asks what is pending must not be shown it. */
  private async done(lane: Lane, { key }: Entry): Promise<void> {
    await this.storage.forget(key);
    lane.entries.shift();
    lane.retry.reset();
    this.size -= 1;
  }

  private async pauseAfter(error: ChatError, lane: Lane): Promise<void> {
    if (!this.isOpen) return;
    lane.isWakeable = error.code !== 'CONNECTION_LOST';
    await lane.retry.pause(error.retryAfter);
  }

  private newLane(): Lane {
    const retry = new Retry(this.parts.timers);
    return { entries: [], isRunning: false, retry, isWakeable: false };
  }
}

const ignore = (): void => undefined;

const full = (): ChatError =>
  new ChatError({ code: 'OUTBOX_FULL', message: 'Too many messages wait to be sent' });
