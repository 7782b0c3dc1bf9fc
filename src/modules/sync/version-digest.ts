import type { Logger } from '../../platform/logger.js';
import type { Clock } from '../../shared/clock.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import type { MessagesRepository, NewestNumbers } from '../messages/index.js';

/** The devices on this node that can sync; `Client` is a handle of one device, the same one each time. */
export interface SyncClients<Client> {
  all(): Client[];
  /** Those whose users are in a chat. */
  inChat(chatId: string): Client[];
  /** Sends the newest `[seq, version]` of chats, by chat id. */
  sendVersions(client: Client, chats: Record<string, [number, number]>): void;
  /** Asks for a sync, so many milliseconds from now. */
  hint(client: Client, delayMs: number): void;
}

/** How far the nodes' clocks may differ before a digest misses a change, in milliseconds. */
const CLOCK_TOLERANCE_MS = 60_000;
/** Syncs per second that a hint asks of one node's clients, and its shortest spread (ms). */
const HINTED_PER_SECOND = 200;
const MIN_HINT_SPREAD_MS = 1000;

/**
 * Sends clients the newest numbers of their chats, because events can be lost. A client notices a lost event
 * by the next one of its chat, but the last one has no next. So every client receives, from time to time, the
 * newest numbers of its recently changed chats: from one query per node, or from memory where the database is
 * the node's own.
 */
export class VersionDigest<Client> {
  private timer: NodeJS.Timeout | undefined;
  private since: number;
  private sent = new Map<string, number>();
  private running: Promise<void> | undefined;

  constructor(
    private readonly deps: {
      messages: Pick<MessagesRepository, 'newestNumbersSince'>;
      /** The newest numbers of the chats that this node has written to since the last call. */
      takeWritten(): Map<string, NewestNumbers>;
      /** Whether no other node can write to the database. */
      isAlone: boolean;
      clients: SyncClients<Client>;
      clock: Clock;
      logger: Logger;
      /** Milliseconds between two digests. */
      intervalMs: number;
    },
  ) {
    this.since = deps.clock.now();
  }

  /**
   * Starts the timer. Only one digest runs at a time: otherwise the answer to an older query, arriving after
   * that to a newer one, would send the same numbers again.
   */
  start(): void {
    this.timer = setInterval(() => {
      this.running ??= this.run()
        .catch((error: unknown) => {
          this.deps.logger.warn({ err: error }, 'a digest of versions failed');
        })
        .finally(() => {
          this.running = undefined;
        });
    }, this.deps.intervalMs);
    this.timer.unref();
  }

  /** Stops the timer; resolves when no digest is under way any more. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** Asks all clients of this node to sync, each at a different time, so that they do not sync at once. */
  hint(): void {
    const { clients } = this.deps;
    const hinted = clients.all();
    const spread = Math.max(MIN_HINT_SPREAD_MS, (hinted.length / HINTED_PER_SECOND) * 1000);
    for (const client of hinted) clients.hint(client, Math.floor(Math.random() * spread));
  }

  private async run(): Promise<void> {
    const { clients, clock } = this.deps;
    const now = clock.now();
    const written = this.deps.takeWritten();
    const changed = this.deps.isAlone
      ? written
      : await withDeadline(
          this.deps.messages.newestNumbersSince(new Date(this.since - CLOCK_TOLERANCE_MS)),
          QUEUE_STEP_MS,
        );
    this.since = now;
    const digests = new Map<Client, Record<string, [number, number]>>();
    for (const [chatId, { seq, version }] of changed) {
      if ((this.sent.get(chatId) ?? 0) >= version) continue;
      for (const client of clients.inChat(chatId)) {
        const digest = digests.get(client) ?? {};
        digest[chatId] = [seq, version];
        digests.set(client, digest);
      }
    }
    this.sent = new Map([...changed].map(([chatId, { version }]) => [chatId, version]));
    for (const [client, chats] of digests) clients.sendVersions(client, chats);
  }
}
