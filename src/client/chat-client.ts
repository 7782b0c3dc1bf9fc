import type { ChatClientOptions, ClientEvents } from './chat-client.types.js';
import type { ChatError } from './chat-error.js';
import { toChatError } from './chat-error.js';
import type { ChatStore } from './chat-store.js';
import type { RestTwin } from './connection.js';
import { Connection } from './connection.js';
import { Emitter } from './emitter.js';
import type { OutgoingMessage } from './outbox.js';
import { Outbox } from './outbox.js';
import { followEvent } from './server-events.js';
import { defaultStorage } from './storage.js';
import { Synchronizer } from './synchronizer.js';
import type { Timers } from './timers.js';
import { backoff, systemTimers } from './timers.js';
import { subjectOf } from './token-subject.js';
import type { ChatInfo, ChatMessage, SyncAnswer, SyncRequest } from './wire.types.js';

/** Any event of the server, by its own name. */
type ServerEvents = Record<string, never>;

const OUTBOX_LIMIT = 1000;

/**
 * A device of one user: connected when it can be, equal to the server's log whenever it is connected,
 * and sending what was written meanwhile as soon as it is again.
 */
export class ChatClient {
  private readonly emitter = new Emitter<ClientEvents>();
  private readonly serverEvents = new Emitter<ServerEvents>();
  private readonly connection: Connection;
  private readonly sync: Synchronizer;
  private readonly outbox: Outbox;
  private readonly openChats = new Set<string>();
  private readonly timers: Timers;
  private readonly loaded: Promise<void>;
  private user: string | undefined;
  /** Attempts since the last success to get in step with the server. */
  private failures = 0;
  private cancelRetry: (() => void) | undefined;

  constructor(
    readonly url: string,
    token: string,
    options: ChatClientOptions = {},
  ) {
    const { timers = systemTimers, storage = defaultStorage() } = options;
    this.timers = timers;
    this.connection = new Connection({
      url,
      tokens: { token, refreshToken: options.refreshToken },
      timers,
      websocketOnly: options.websocketOnly ?? false,
      onTokens: (tokens) => {
        this.emitter.emit('tokens', tokens);
      },
      onConnect: () => {
        void this.onConnect();
      },
      onDisconnect: () => {
        this.cancelRetry?.();
        this.sync.disconnected();
        this.emitter.emit('disconnected', undefined);
      },
      onSignedOut: (error) => {
        this.outbox.close();
        this.emitter.emit('signed_out', error);
      },
      onEvent: (event, payload) => {
        followEvent(this.sync, event, payload as Record<string, unknown>);
        this.serverEvents.emit(event, payload as never);
      },
    });
    this.sync = new Synchronizer({
      timers,
      userId: () => this.userId,
      fetch: (request) => this.fetchChanges(request),
      onChanged: (chatId) => {
        this.emitter.emit('changed', { chatId });
      },
      onRemoved: (chatId) => {
        this.openChats.delete(chatId);
        this.emitter.emit('removed', { chatId });
      },
    });
    this.outbox = new Outbox({
      account: subjectOf(token),
      storage,
      timers,
      limit: options.outboxLimit ?? OUTBOX_LIMIT,
      send: (message) => this.sendOnce(message),
      onSent: (message) => {
        this.sync.heardMessage(message);
        this.emitter.emit('sent', message);
      },
      onFailed: (message, error) => {
        this.emitter.emit('send_failed', { message, error });
      },
    });
    this.loaded = this.outbox.load();
  }

  /** Id of the signed-in user; empty before the first connection. */
  get userId(): string {
    return this.user ?? '';
  }

  /** Whether there is a connection at the moment. */
  get isConnected(): boolean {
    return this.connection.isConnected;
  }

  /**
   * Connects, and stays connected from then on. Resolves when all chats are in step with the server;
   * rejects when the login is refused. While the server is away, it goes on trying.
   */
  connect(): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      const end = () => {
        for (const cancel of cancels) cancel();
      };
      const cancels = [
        this.emitter.on('connected', () => {
          end();
          resolve();
        }),
        this.emitter.on('signed_out', (error) => {
          end();
          reject(error);
        }),
      ];
    });
    this.outbox.open();
    this.connection.open();
    return done;
  }

  /** Ends the connection. What is not sent stays in the storage until `connect()`, or for the next start. */
  disconnect(): void {
    this.outbox.close();
    this.sync.disconnected();
    this.connection.close();
  }

  /** Listens to the client's own events, and to the server's by their names. The answer ends it. */
  on<K extends keyof ClientEvents>(
    event: K,
    listener: (payload: ClientEvents[K]) => void,
  ): () => void;
  on(event: string, listener: (payload: never) => void): () => void;
  on(event: string, listener: (payload: never) => void): () => void {
    const ends = [
      this.emitter.on(event as keyof ClientEvents, listener as () => void),
      this.serverEvents.on(event, listener),
    ];
    return () => {
      for (const end of ends) end();
    };
  }

  /** The chats of the user, newest activity first. */
  chats(): ChatInfo[] {
    return [...this.sync.stores.values()]
      .flatMap(({ info }) => info ?? [])
      .sort((a, b) => Date.parse(b.lastMessageAt) - Date.parse(a.lastMessageAt));
  }

  /** One chat as this device has it; undefined for a chat that the user is not in. */
  store(chatId: string): ChatStore | undefined {
    return this.sync.stores.get(chatId);
  }

  /** Sends a socket command; rejects with a ChatError. */
  command<T>(event: string, payload: unknown): Promise<T> {
    return this.connection.command<T>(event, payload);
  }

  /** Sends a socket command, or calls the REST endpoint that does the same when it is too long for a frame. */
  commandOrRest<T>(event: string, payload: unknown, twin: RestTwin): Promise<T> {
    return this.connection.commandOrRest<T>(event, payload, twin);
  }

  /** Calls a REST endpoint with the login's token; answers `data`, rejects with a ChatError. */
  rest<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.connection.rest<T>(method, path, body);
  }

  /** Gets the direct chat with a user, made as a request when there is none. */
  openDirectChat(recipientId: string): Promise<ChatInfo> {
    return this.rest<ChatInfo>('POST', '/api/chats/or-create', { recipientId });
  }

  /** Puts a message into the outbox; resolves when the server has it, rejects as OUTBOX_FULL when too many wait. */
  send(message: OutgoingMessage): Promise<ChatMessage> {
    return this.outbox.add(message);
  }

  /** Messages that the server has not acknowledged yet. */
  pending(chatId?: string): OutgoingMessage[] {
    return this.outbox
      .pending()
      .filter((message) => chatId === undefined || message.chatId === chatId);
  }

  /** Fetches what has changed since; done by itself whenever there is a reason. */
  refresh(): Promise<void> {
    return this.sync.syncAll();
  }

  /** Says that this device looks at a chat, now and after every reconnection. */
  async openChat(chatId: string): Promise<void> {
    this.openChats.add(chatId);
    await this.command('join_chat', { chatId });
  }

  /** Says that it no longer does. */
  async closeChat(chatId: string): Promise<void> {
    this.openChats.delete(chatId);
    if (this.isConnected) await this.command('leave_chat', { chatId });
  }

  private async onConnect(): Promise<void> {
    try {
      await this.loaded;
      this.user ??= (await this.rest<{ id: string }>('GET', '/api/auth/me')).id;
      const rejoined = [...this.openChats].map((chatId) =>
        this.command('join_chat', { chatId }).catch((error: unknown) => {
          if (!toChatError(error).isRetryable) this.openChats.delete(chatId);
        }),
      );
      await Promise.all([...rejoined, this.sync.connected()]);
    } catch (thrown) {
      // When the connection is gone too, the next one does all this again.
      if (this.isConnected) this.retryConnect(toChatError(thrown));
      return;
    }
    this.failures = 0;
    this.outbox.wake();
    this.emitter.emit('connected', undefined);
  }

  private retryConnect(error: ChatError): void {
    const { timers } = this;
    const ms = (error.retryAfter ?? 0) * 1000 + backoff(this.failures, timers.random());
    this.failures += 1;
    this.cancelRetry?.();
    this.cancelRetry = timers.after(ms, () => {
      void this.onConnect();
    });
  }

  private fetchChanges(request: SyncRequest): Promise<SyncAnswer> {
    return this.commandOrRest<SyncAnswer>('sync', request, { method: 'POST', path: '/api/sync' });
  }

  private sendOnce(message: OutgoingMessage): Promise<ChatMessage> {
    const event = message.media ? 'send_media' : 'send_message';
    return this.commandOrRest<ChatMessage>(event, message, {
      method: 'POST',
      path: '/api/messages',
    });
  }
}
