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

/** A message of the outbox, for those who show it. */
export interface QueuedMessage {
  message: OutgoingMessage;
  /** When it was written: milliseconds since 1970. */
  at: number;
  /** Why the server will not take it; undefined while it may be sent. */
  error?: ChatError;
}

interface Entry {
  key: string;
  message: OutgoingMessage;
  at: number;
  /** Whether the server may be writing it at the moment. */
  isInFlight: boolean;
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
  /** Whose messages these are; two accounts on one device never send each other's. Nothing is sent before it is known. */
  account: string | Promise<string>;
  storage: KeyValueStorage;
  timers: Timers;
  /** Messages that may wait; the next one is refused as OUTBOX_FULL. */
  limit: number;
  /** Sends once; rejects with a ChatError. */
  send(message: OutgoingMessage): Promise<ChatMessage>;
  onSent(message: ChatMessage): void;
  onFailed(message: OutgoingMessage, error: ChatError): void;
  /** What waits or has failed in a chat is other than before. */
  onChanged?(chatId: string): void;
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
  private storage: OutboxStorage | undefined;
  /** Written while what an earlier page has left was still being looked for; they come behind that. */
  private readonly early = new Set<QueuedMessage>();
  /** Messages that the server will not take, until somebody sends them again or discards them. */
  private readonly refused = new Map<string, QueuedMessage>();

  constructor(private readonly parts: OutboxParts) {
    const { account, storage } = parts;
    if (typeof account === 'string') this.storage = new OutboxStorage(account, storage);
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
    const queued = { message, at: this.parts.timers.now() };
    this.early.add(queued);
    this.parts.onChanged?.(message.chatId);
    await this.loading;
    const { storage } = this;
    // Discarded meanwhile.
    if (!this.early.delete(queued) || !storage) throw discarded();
    return new Promise<ChatMessage>((resolve, reject) => {
      const key = storage.nextKey(message, queued.at);
      const stored = storage.keep({ key, message });
      this.enqueue({ ...queued, key, stored, isInFlight: false, resolve, reject });
    });
  }

  /** Sends a refused message once more, as {@link add} does; rejects as NOT_FOUND when there is none of that id. */
  async retry(clientMessageId: string): Promise<ChatMessage> {
    const queued = this.refused.get(clientMessageId);
    if (!queued) throw new ChatError({ code: 'NOT_FOUND', message: 'No such message has failed' });
    this.refused.delete(clientMessageId);
    return this.add(queued.message);
  }

  /**
   * Forgets a message that has failed, or takes one back that waits: who has sent it hears `DISCARDED`. Answers
   * false for one that is just being sent, and for one that there is not.
   */
  async discard(clientMessageId: string): Promise<boolean> {
    const isIt = ({ message }: QueuedMessage) => message.clientMessageId === clientMessageId;
    const queued = this.refused.get(clientMessageId) ?? [...this.early].find(isIt);
    if (queued) {
      this.refused.delete(clientMessageId);
      if (this.early.delete(queued)) this.size -= 1;
      this.parts.onChanged?.(queued.message.chatId);
      return true;
    }
    const entry = this.entries().find(isIt);
    if (!entry || entry.isInFlight) return false;
    const { entries, retry } = this.lanes.get(entry.message.chatId)!;
    // The next one need not wait for the next attempt at this one.
    if (entries[0] === entry) retry.stop();
    entries.splice(entries.indexOf(entry), 1);
    this.size -= 1;
    this.parts.onChanged?.(entry.message.chatId);
    entry.reject(discarded());
    await entry.stored;
    await this.storage?.forget(entry.key);
    return true;
  }

  /** What waits in a chat, in order, and what has failed there. */
  queued(chatId: string): QueuedMessage[] {
    const isHere = ({ message }: QueuedMessage) => message.chatId === chatId;
    const waiting = [...(this.lanes.get(chatId)?.entries ?? []), ...[...this.early].filter(isHere)];
    return [...[...this.refused.values()].filter(isHere), ...waiting];
  }

  /** How many messages wait, in all chats. */
  get count(): number {
    return this.size;
  }

  /** Messages that wait for their acknowledgement, in order. */
  pending(): OutgoingMessage[] {
    return [...this.entries(), ...this.early].map(({ message }) => message);
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
    this.storage ??= new OutboxStorage(await this.parts.account, this.parts.storage);
    const known = new Set(this.entries().map(({ key }) => key));
    for await (const { key, message, at } of this.storage.left(known)) {
      this.size += 1;
      const entry = { key, message, at, isInFlight: false, stored: Promise.resolve() };
      this.enqueue({ ...entry, resolve: ignore, reject: ignore });
      this.parts.onChanged?.(message.chatId);
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
    if (lane.entries[0] !== entry) return;
    let sent: ChatMessage;
    entry.isInFlight = true;
    try {
      sent = await this.parts.send(entry.message);
    } catch (thrown) {
      const error = toChatError(thrown);
      entry.isInFlight = false;
      if (error.isRetryable || error.isAboutLogin) {
        await this.pauseAfter(error, lane);
        return;
      }
      await this.done(lane, entry, () => {
        const { message, at } = entry;
        this.refused.set(message.clientMessageId, { message, at, error });
        this.parts.onFailed(message, error);
      });
      entry.reject(error);
      return;
    }
    await this.done(lane, entry, () => {
      this.parts.onSent(sent);
    });
    entry.resolve(sent);
  }

  /**
   * Takes the message out, then tells of it: whoever then asks what is pending must not be shown it. Both in one
   * go, so that nobody sees it neither as pending nor as sent.
   */
  private async done(lane: Lane, { key, message }: Entry, tell: () => void): Promise<void> {
    await this.storage!.forget(key);
    lane.entries.shift();
    lane.retry.reset();
    this.size -= 1;
    tell();
    this.parts.onChanged?.(message.chatId);
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

const discarded = (): ChatError =>
  new ChatError({ code: 'DISCARDED', message: 'The message was taken back before it was sent' });

const full = (): ChatError =>
  new ChatError({ code: 'OUTBOX_FULL', message: 'Too many messages wait to be sent' });
