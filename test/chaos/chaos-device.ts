import type { LoggedMessage, SendRecord } from './history-checker.js';

/** A message before it is sent. */
export interface Draft {
  clientMessageId: string;
  chatId: string;
  content: string;
}

/** One device of a person in a run: it sends, hears, and is asked at the end what it has. */
export interface ChaosDevice {
  readonly name: string;
  /** What was sent, and how it ended. */
  readonly sends: SendRecord[];
  /** Its own copy of each chat, by seq. */
  readonly chats: Map<string, Map<number, LoggedMessage>>;
  /** Connects, and from then on again whenever the connection is lost. */
  connect(): void;
  /** Sends, and goes on trying until a node says that it has the message. */
  send(draft: Draft): void;
  /** Loses its connection, as a device does that changes networks. */
  move(): void;
  /** Resolves when everything that was sent is acknowledged. */
  allAcknowledged(): Promise<void>;
  /** Reads what is missing, again until a node has answered. */
  catchUpAll(): Promise<void>;
  /** Closes the connection for good. */
  stop(): void;
}
