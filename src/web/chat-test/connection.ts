import type { Socket } from 'socket.io-client';
import { io } from 'socket.io-client';
import type { Message } from './api.js';

/** What the server says over the socket, as far as the page listens. */
export interface Heard {
  new_message: { data: Message };
  message_read: { conversationId: string; readBy: string; seq: number };
  message_deleted: { messageId: string; conversationId: string };
  user_typing: { senderId: string; senderName: string; conversationId: string; isTyping: boolean };
  user_status_update: { userId: string; isOnline: boolean; lastSeen: string | null };
  admin_broadcast: { data: { message: string; senderName: string | null } };
}

type Ack<T> = { ok: true; data: T } | { ok: false; error: { code: string; message: string } };

/** How long an answer may take, in milliseconds. */
const ANSWER_TIMEOUT_MS = 10_000;

/** The socket of the page. It speaks v0 and says so. */
export class Connection {
  private readonly socket: Socket;

  constructor(token: string) {
    this.socket = io({ auth: { token, dialect: 'v0' } });
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
    this.socket.on('connect', () => {
      listener(true, 'connected');
    });
    this.socket.on('disconnect', lost);
    this.socket.on('connect_error', (error) => {
      lost(error.message);
    });
  }

  /** Sends a command and waits for its answer; rejects with what the server says is wrong. */
  async ask<T>(event: string, payload: object): Promise<T> {
    const ack = (await this.socket
      .timeout(ANSWER_TIMEOUT_MS)
      .emitWithAck(event, payload)) as Ack<T>;
    if (!ack.ok) throw new Error(ack.error.message);
    return ack.data;
  }

  /** Sends a command whose outcome does not matter. */
  tell(event: string, payload: object): void {
    if (this.socket.connected) this.socket.emit(event, payload);
  }

  /** Ends the connection. */
  close(): void {
    this.socket.disconnect();
  }
}
