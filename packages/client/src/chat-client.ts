import { CatchUp, wasDisconnected } from './catch-up.js';
import type { ChatClientOptions, ClientEvents } from './chat-client.types.js';
import type { ChatStore } from './chat-store.js';
import type { RestTwin } from './connection.js';
import { Connection } from './connection.js';
import { Emitter } from './emitter.js';
import { OpenChats } from './open-chats.js';
import type { OutgoingMessage } from './outbox.js';
import { Outbox } from './outbox.js';
import { ServerCalls } from './server-calls.js';
import { followEvent } from './server-events.js';
import { defaultStorage } from './storage.js';
import { Synchronizer } from './synchronizer.js';
import { systemTimers } from './timers.js';
import { subjectOf } from './token-claims.js';
import type { ChatInfo, ChatMessage, LoginInfo } from './wire.types.js';

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
  private readonly server: ServerCalls;
  private readonly sync: Synchronizer;
  private readonly outbox: Outbox;
  private readonly catchUp: CatchUp;
  private readonly openChats: OpenChats;
  private readonly loaded: Promise<void>;
  private user: string | undefined;

  constructor(
    readonly url: string,
    token: string,
    options: ChatClientOptions = {},
  ) {
    const { timers = systemTimers, storage = defaultStorage() } = options;
    this.connection = new Connection({
      url,
      tokens: { token, refreshToken: options.refreshToken },
      keptTokens: options.keptTokens,
      timers,
      websocketOnly: options.websocketOnly ?? false,
      onTokens: (tokens) => {
        this.emitter.emit('tokens', tokens);
      },
      onConnect: () => {
        this.catchUp.begin();
      },
      onDisconnect: () => {
        this.left();
        this.emitter.emit('disconnected', undefined);
      },
      onSignedOut: (error) => {
        this.outbox.close();
        this.catchUp.giveUp(error);
        this.emitter.emit('signed_out', error);
      },
      onEvent: (event, payload) => {
        followEvent(this.sync, event, payload);
        this.serverEvents.emit(event, payload as never);
      },
    });
    this.server = new ServerCalls(this.connection);
    this.sync = new Synchronizer({
      timers,
      userId: () => this.userId,
      fetch: (request) => this.server.sync(request),
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
      send: (message) => this.server.send(message),
      onSent: (message) => {
        this.sync.heardMessage(message);
        this.emitter.emit('sent', message);
      },
      onFailed: (message, error) => {
        this.emitter.emit('send_failed', { message, error });
      },
    });
    this.openChats = new OpenChats((chatId) => this.server.join(chatId));
    this.catchUp = new CatchUp({
      timers,
      steps: (isCurrent) => this.getInStep(isCurrent),
      onDone: () => {
        this.outbox.wake();
        this.emitter.emit('connected', undefined);
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
   * rejects when the login is refused, or `disconnect()` is called before. While the server is away, it
   * goes on trying.
   */
  connect(): Promise<void> {
    const inStep = this.catchUp.wait();
    this.outbox.open();
    this.connection.open();
    return inStep;
  }

  /** Ends the connection. What is not sent stays in the storage until `connect()`, or for the next start. */
  disconnect(): void {
    this.outbox.close();
    this.catchUp.giveUp(wasDisconnected());
    this.left();
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

  /** The chats of the user as this device knows them, newest activity first. */
  chats(): ChatInfo[] {
    return [...this.sync.stores.values()]
      .flatMap((store) => store.summary() ?? [])
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

  /** Where the user is signed in. */
  logins(): Promise<LoginInfo[]> {
    return this.rest<LoginInfo[]>('GET', '/api/auth/sessions');
  }

  /** Ends a login of the user; on the device that has it, `signed_out` follows. */
  async endLogin(loginId: string): Promise<void> {
    await this.rest('DELETE', `/api/auth/sessions/${encodeURIComponent(loginId)}`);
  }

  /** Ends all logins of the user but this one. */
  async endOtherLogins(): Promise<void> {
    await this.rest('DELETE', '/api/auth/sessions');
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
  openChat(chatId: string): Promise<void> {
    return this.openChats.add(chatId);
  }

  /** Says that it no longer does. */
  async closeChat(chatId: string): Promise<void> {
    this.openChats.delete(chatId);
    if (this.isConnected) await this.server.leave(chatId);
  }

  /** What a new connection needs until this device is equal to the server's log. */
  private async getInStep(isCurrent: () => boolean): Promise<void> {
    await this.loaded;
    this.user ??= await this.server.userId();
    if (!isCurrent()) return;
    const reopened = this.openChats.reopen();
    // Is waited for below, where its failure is not missed.
    reopened.catch(() => undefined);
    await this.sync.connected();
    await reopened;
  }

  /** The connection is gone, or about to be. */
  private left(): void {
    this.catchUp.end();
    this.openChats.disconnected();
    this.sync.disconnected();
  }
}
