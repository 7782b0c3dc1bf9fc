import type { ChatError } from './chat-error.js';
import type { TokenProvider, Tokens } from './login.js';
import type { OutgoingMessage } from './outbox.js';
import type { KeyValueStorage } from './storage.js';
import type { Timers } from './timers.js';
import type { ChatMessage } from './wire.types.js';

/** What an application may choose. */
export interface ChatClientOptions {
  /**
   * Gives the token of the moment, as your own server made it; asked before each connection, and for another one
   * when the token is refused or about to end. Undefined: nobody is signed in any more. It may take 15 seconds.
   */
  getToken?: TokenProvider;
  /** Renews the login when the token has expired. */
  refreshToken?: string;
  /**
   * The tokens that you keep at the moment (see the event `tokens`). Needed where several tabs or processes
   * share a login: who uses a refresh token that another one has used more than a minute ago ends the login
   * for all.
   */
  keptTokens?: () => Tokens | undefined | Promise<Tokens | undefined>;
  /** Where messages wait for their acknowledgement; the browser's localStorage, or memory. */
  storage?: KeyValueStorage;
  /** Messages that may wait for their acknowledgement, 1000 unless told; more are refused as OUTBOX_FULL. */
  outboxLimit?: number;
  /** Refuse to fall back to HTTP polling; for servers in websocket-only mode. */
  websocketOnly?: boolean;
  timers?: Timers;
}

/** What the client itself tells; the server's own events come under their own names. */
export interface ClientEvents {
  /** Connected and in step with the server. */
  connected: undefined;
  disconnected: undefined;
  /** Messages (also those on their way), members or positions of a chat are other than before. */
  changed: { chatId: string };
  /** The user is not in the chat any more. */
  removed: { chatId: string };
  /** The server has a message of ours. */
  sent: ChatMessage;
  /** The server will never take a message. */
  send_failed: { message: OutgoingMessage; error: ChatError };
  /** New tokens; keep them for the next start. */
  tokens: Tokens;
  /** The login is over, and the connection with it; what is not sent waits for the next login. */
  signed_out: ChatError;
}
