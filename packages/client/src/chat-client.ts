import { CatchUp, wasDisconnected } from './catch-up.js';
import type { ChatClientOptions, ClientEvents } from './chat-client.types.js';
import type { ChatStore, FetchPage } from './chat-store.js';
import { StateStores } from './client-state.js';
import type { RestTwin } from './connection.js';
import { Connection } from './connection.js';
import { Emitter } from './emitter.js';
import { OpenChats } from './open-chats.js';
import type { OutgoingMessage } from './outbox.js';
import { Outbox } from './outbox.js';
import { ServerCalls } from './server-calls.js';
import { ChatRoom } from './chat-room.js';
import type { Page } from './rest-api.js';
import { isOutsideLog, withoutMark } from './room-messages.js';
import { followEvent, followPeople } from './server-events.js';
import { PresenceRefresh } from './signals.js';
import type { ChatSummary, ClientState } from './state.types.js';
import { defaultStorage } from './storage.js';
import { Synchronizer } from './synchronizer.js';
import type { Timers } from './timers.js';
import { systemTimers, within } from './timers.js';
import { subjectOf } from './token-claims.js';
import type { ChatInfo, ChatMessage, LoginInfo, OwnUser, SyncAnswer } from './wire.types.js';

type ServerEvents = Record<string, never>;

const OUTBOX_LIMIT = 1000;
/** How long `connect()` and `refresh()` may take, and how long a sent message may wait, in milliseconds. */
const CONNECT_TIMEOUT_MS = 60_000;
const unmarked = (answer: SyncAnswer): SyncAnswer => ({
  ...answer,
  chats: answer.chats.map((chat) => ({ ...chat, messages: chat.messages.map(withoutMark) })),
});

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
  private readonly timers: Timers;
  private readonly stores: StateStores;
  private user: OwnUser | undefined;
  /** Whether there was a connection before. */
  private wasConnected = false;
  private readonly presenceRefresh: PresenceRefresh;

  /**
   * @param url base of the server, as in `https://chat.example.com`; '' for the server of the page.
   * @param login a token, or options with `getToken`.
   */
  constructor(url: string, login: string, options?: ChatClientOptions);
  constructor(
    url: string,
    options: ChatClientOptions & Required<Pick<ChatClientOptions, 'getToken'>>,
  );
  constructor(
    readonly url: string,
    login: string | ChatClientOptions,
    more: ChatClientOptions = {},
  ) {
    const [token, options] = typeof login === 'string' ? [login, more] : ['', login];
    const { timers = systemTimers, storage = defaultStorage() } = options;
    this.timers = timers;
    // Before there is a token nobody knows whose outbox this is.
    let knowAccount: (account: string) => void = () => undefined;
    const account = new Promise<string>((resolve) => {
      knowAccount = resolve;
    });
    if (token !== '') knowAccount(subjectOf(token));
    this.connection = new Connection({
      url,
      tokens: { token, refreshToken: options.refreshToken },
      getToken: options.getToken,
      keptTokens: options.keptTokens,
      timers,
      websocketOnly: options.websocketOnly ?? false,
      onTokens: (tokens) => {
        this.emitter.emit('tokens', tokens);
      },
      onToken: (given) => {
        knowAccount(subjectOf(given));
      },
      onAttempt: (status) => {
        this.stores.setConnection(status);
      },
      onConnect: () => {
        this.stores.setUnreadBroadcasts(() => 0);
        this.catchUp.begin();
      },
      onDisconnect: () => {
        this.left();
        this.stores.setConnection('connecting');
        this.emitter.emit('disconnected', undefined);
      },
      onSignedOut: (error) => {
        this.outbox.close();
        this.catchUp.giveUp(error);
        this.stores.setConnection('offline');
        this.stores.setSession('signed-out', null, error);
        this.emitter.emit('signed_out', error);
      },
      onEvent: (event, payload) => {
        followEvent(this.sync, event, payload);
        followPeople(this.stores, event, payload);
        this.serverEvents.emit(event, payload as never);
      },
    });
    this.server = new ServerCalls(this.connection);
    this.sync = new Synchronizer({
      timers,
      userId: () => this.userId,
      fetch: (request) => {
        this.stores.messages.syncing();
        return this.server.sync(request).then(unmarked);
      },
      onAnswer: (answer, request) => {
        this.stores.synced(answer, request);
      },
      onChanged: (chatId) => {
        this.changed(chatId);
      },
      onRemoved: (chatId) => {
        this.openChats.delete(chatId);
        this.stores.chatChanged(chatId);
        this.emitter.emit('removed', { chatId });
      },
    });
    this.outbox = new Outbox({
      account,
      storage,
      timers,
      limit: options.outboxLimit ?? OUTBOX_LIMIT,
      send: (message) => this.server.send(message),
      onSent: (message) => {
        this.stores.messages.sent(message, this.store(message.chatId)?.version ?? 0);
        this.sync.heardMessage(message);
        this.emitter.emit('sent', message);
      },
      onFailed: (message, error) => {
        this.emitter.emit('send_failed', { message, error });
      },
      onChanged: (chatId) => {
        this.changed(chatId);
      },
    });
    this.stores = new StateStores({ timers, stores: this.sync.stores, outbox: this.outbox });
    this.presenceRefresh = new PresenceRefresh(timers, () => this.askPresence());
    this.openChats = new OpenChats((chatId) => this.server.join(chatId));
    this.catchUp = new CatchUp({
      timers,
      steps: (isCurrent) => this.getInStep(isCurrent),
      onDone: () => {
        this.outbox.wake();
        this.stores.setConnection('connected');
        if (this.wasConnected) this.presenceRefresh.begin();
        this.wasConnected = true;
        this.emitter.emit('connected', undefined);
      },
    });
    this.loaded = this.outbox.load();
  }

  /** Everything readable, as stores that tell when they are other than before. */
  get state(): ClientState {
    return this.stores;
  }

  /** Id of the signed-in user; empty before the first connection. */
  get userId(): string {
    return this.user?.id ?? '';
  }

  /** The token of the moment; empty before `getToken` has given one. */
  get token(): string {
    return this.connection.token;
  }

  /** Whether there is a connection at the moment. */
  get isConnected(): boolean {
    return this.connection.isConnected;
  }

  /**
   * Connects, and stays connected from then on. Resolves when all chats are in step with the server;
   * rejects when the login is refused, or `disconnect()` is called before; as TIMEOUT after a minute. While
   * the server is away, it goes on trying, then too.
   */
  connect(): Promise<void> {
    const inStep = this.catchUp.wait();
    if (!this.user) this.stores.setSession('signing-in');
    this.outbox.open();
    this.connection.open();
    return this.inTime(inStep, 'Not connected yet; still trying');
  }

  /** Ends the connection. What is not sent stays in the storage until `connect()`, or for the next start. */
  disconnect(): void {
    this.outbox.close();
    this.catchUp.giveUp(wasDisconnected());
    this.left();
    this.connection.close();
    this.stores.setConnection('offline');
    if (!this.user) this.stores.setSession('signed-out');
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

  /** The chats of the user as this device knows them, newest activity first; the same array until one changes. */
  chats(): ChatSummary[] {
    return this.stores.all.getSnapshot();
  }

  /** One chat, to look at and to act on. */
  room(chatId: string): ChatRoom {
    return new ChatRoom(this, chatId);
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

  /** The same, with what stands beside `data`: how many there are, and whether there are more. */
  page<T>(method: string, path: string, body?: unknown): Promise<Page<T>> {
    return this.connection.page<T>(method, path, body);
  }

  /** Does something with the login's token; once more when that is refused and there is a newer one. */
  withToken<T>(work: (token: string) => Promise<T>): Promise<T> {
    return this.connection.withToken(work);
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

  /** Gets the direct chat with a user, made as a request when there is none; it is in the lists then. */
  async openDirectChat(recipientId: string): Promise<ChatInfo> {
    const chat = await this.rest<ChatInfo>('POST', '/api/chats/or-create', { recipientId });
    await this.hasChat(chat.id);
    return chat;
  }

  /** Fetches a chat that the user has come into, unless it is known; without a connection the next one does. */
  async hasChat(chatId: string): Promise<void> {
    if (!this.store(chatId)) await this.refresh().catch(() => undefined);
  }

  /**
   * Puts a message into the outbox. Resolves when the server has it; rejects when it never will, as OUTBOX_FULL
   * when too many wait, and as QUEUED after a minute: then it still waits, and is sent when that is possible.
   */
  send(message: OutgoingMessage): Promise<ChatMessage> {
    const sent = this.outbox.add(message);
    return within(this.timers, CONNECT_TIMEOUT_MS, sent, QUEUED, 'QUEUED');
  }

  /** Sends a message that has failed once more; answers as {@link send} does. */
  retry(clientMessageId: string): Promise<ChatMessage> {
    const sent = this.outbox.retry(clientMessageId);
    return within(this.timers, CONNECT_TIMEOUT_MS, sent, QUEUED, 'QUEUED');
  }

  /**
   * Forgets a message that has failed, or takes one back that waits. Answers false for one that is just being sent,
   * and for one that there is not.
   */
  discard(clientMessageId: string): Promise<boolean> {
    return this.outbox.discard(clientMessageId);
  }

  /** Messages that the server has not acknowledged yet. */
  pending(chatId?: string): OutgoingMessage[] {
    return this.outbox
      .pending()
      .filter((message) => chatId === undefined || message.chatId === chatId);
  }

  /** Fetches what has changed since; done by itself whenever there is a reason. */
  refresh(): Promise<void> {
    return this.inTime(this.sync.syncAll(), 'The server has not answered all yet');
  }

  /** Fetches the user's own account, after it was changed. */
  async reloadUser(): Promise<OwnUser> {
    this.user = await this.server.me();
    this.stores.setSession('signed-in', this.user);
    return this.user;
  }

  /**
   * Lets a chat's store fetch history, and tells who looks at the chat. Does nothing for a chat that the user is not
   * in: it answers undefined.
   */
  async load<T>(
    chatId: string,
    work: (store: ChatStore, fetch: FetchPage) => Promise<T>,
  ): Promise<T | undefined> {
    const store = this.store(chatId);
    if (!store) return undefined;
    const end = this.stores.loadingIn(chatId);
    try {
      return await work(store, async (query) => {
        const path = `/api/chats/${chatId}/messages?${query}`;
        const page = await this.rest<ChatMessage[]>('GET', path);
        // Those that the server has beside its log are brought by syncs and events.
        return page.filter((message) => !isOutsideLog(message)).map(withoutMark);
      });
    } finally {
      end();
      this.changed(chatId);
    }
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
    if (!this.user) await this.reloadUser();
    if (!isCurrent()) return;
    const reopened = this.openChats.reopen();
    // Is waited for below, where its failure is not missed.
    reopened.catch(() => undefined);
    await this.sync.connected();
    await reopened;
  }

  /** The connection is gone, or about to be. */
  private left(): void {
    this.presenceRefresh.cancel();
    this.stores.disconnected();
    this.catchUp.end();
    this.openChats.disconnected();
    this.sync.disconnected();
  }

  private changed(chatId: string): void {
    this.stores.chatChanged(chatId);
    this.emitter.emit('changed', { chatId });
  }

  /** Who has come or gone meanwhile. */
  private async askPresence(): Promise<void> {
    const people = await this.server.online();
    this.stores.presenceChanged(this.stores.people.setOnline(people));
  }

  private inTime(work: Promise<void>, message: string): Promise<void> {
    return within(this.timers, CONNECT_TIMEOUT_MS, work, message);
  }
}

const QUEUED = 'The message still waits, and is sent when that is possible';
