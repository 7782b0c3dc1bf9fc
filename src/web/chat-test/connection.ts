import type { Socket } from 'socket.io-client';
import { io } from 'socket.io-client';
import type { Message } from './api.js';
import { Refusal } from './refusal.js';
import type { TabLogin } from './tab-login.js';

/** What the server says over the socket, as far as the page listens. */
export interface Heard {
  new_message: { data: Message };
  message_read: { conversationId: string; readBy: string; seq: number };
  message_deleted: { messageId: string; conversationId: string };
  /** Of a native event under the same name, `conversationId` is undefined. */
  user_typing: { conversationId: string | undefined; isTyping: boolean };
  user_status_update: { userId: string; isOnline: boolean; lastSeen: string | null };
  chat_created: unknown;
  chat_accepted: unknown;
  chat_rejected: unknown;
  admin_broadcast: { data: { message: string; senderName: string | null } };
}

interface AckError {
  code: string;
  message: string;
  retryAfter?: number;
}
type Ack<T> = { ok: true; data: T } | { ok: false; error: AckError };

/** How long an answer may take, in milliseconds. */
const ANSWER_TIMEOUT_MS = 10_000;

/** The socket of the page. It speaks v0 and says so; requests for a chat are told in native alone. */
export class Connection {
  private readonly socket: Socket;

  /** @param login whose connection it is: its token is looked up at each attempt. */
  constructor(private readonly login: TabLogin) {
    this.socket = io({
      auth: (take: (data: object) => void) => {
        take({ token: this.login.token, dialect: 'v0' });
      },
    });
    addEventListener('online', () => {
      this.connectAnew();
    });
  }

  /** Whether commands reach the server. */
  get isConnected(): boolean {
    return this.socket.connected;
  }

  /** Listens to an event. */
  on<K extends keyof Heard & string>(event: K, listener: (payload: Heard[K]) => void): void {
    this.socket.on(event as string, listener);
  }

  /** Listens to everything, for the list of events. */
  onAny(listener: (event: string, payload: unknown) => void): void {
    this.socket.onAny(listener);
  }

  /** Tells in words whether the socket is connected, whenever that changes. */
  onState(listener: (isConnected: boolean, text: string) => void): void {
    const lost = (reason: string) => {
      // A refused connection is not tried again by itself.
      const text = this.socket.active ? 'reconnecting…' : `not connected: ${reason}`;
      listener(false, text);
    };
    const found = () => {
      if (this.socket.connected) listener(true, 'connected');
    };
    // Only then: what is fetched on a connection must not miss what happens before both dialects are heard.
    this.socket.on('connect', () => {
      this.ask('set_dialect', { dialects: ['v0', 'native'] }).then(found, found);
    });
    this.socket.on('disconnect', lost);
    this.socket.on('connect_error', (error) => {
      lost(error.message);
      // A token that ended while the computer slept: the login may go on.
      if (!this.socket.active && this.login.isUsedUp) void this.connectRenewed();
    });
  }

  /** Sends a command and waits for its answer; rejects with what the server says is wrong. */
  async ask<T>(event: string, payload: object): Promise<T> {
    const ack = (await this.socket
      .timeout(ANSWER_TIMEOUT_MS)
      .emitWithAck(event, payload)) as Ack<T>;
    if (!ack.ok) throw new Refusal(ack.error.message, ack.error.retryAfter);
    return ack.data;
  }

  /** Sends a command whose outcome does not matter. */
  tell(event: string, payload: object): void {
    if (this.socket.connected) this.socket.emit(event, payload);
  }

  /** Stays connected under the login's new token; the old one ends the connection otherwise. */
  bringToken(): void {
    if (!this.socket.connected) return;
    // What is refused here ends the connection with its token, and the next one says why.
    this.ask('refresh_token', { token: this.login.token }).catch(() => undefined);
  }

  private async connectRenewed(): Promise<void> {
    if (await this.login.renew()) this.socket.connect();
  }

  /** Tries again at once instead of after a pause; not after a refusal, which is not tried again at all. */
  private connectAnew(): void {
    if (this.socket.connected || !this.socket.active) return;
    this.socket.disconnect().connect();
  }

  /** Ends the connection. */
  close(): void {
    this.socket.disconnect();
  }
}
