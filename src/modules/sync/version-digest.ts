import type { Model, Types } from 'mongoose';
import type { Logger } from '../../platform/logger.js';
import type { Clock } from '../../shared/clock.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import type { Head, MessageDoc } from '../messages/index.js';

/** The devices on this node that can sync; `Client` is whatever stands for one, the same one each time. */
export interface SyncClients<Client> {
  all(): Client[];
  /** Those whose users are in a chat. */
  inChat(chatId: string): Client[];
  /** Tells the newest `[seq, version]` of chats, by chat id. */
  tell(client: Client, chats: Record<string, [number, number]>): void;
  /** Asks for a sync, so many milliseconds from now. */
  hint(client: Client, delayMs: number): void;
}

/** What the digest is built from. */
export interface VersionDigestParts<Client> {
  messages: Model<MessageDoc>;
  /** What this node has written since it was last asked. */
  takeWritten(): Map<string, Head>;
  /** Whether no other node can write to the database. */
  isAlone: boolean;
  clients: SyncClients<Client>;
  clock: Clock;
  logger: Logger;
  /** Milliseconds between two digests. */
  intervalMs: number;
}

/** The nodes' clocks may differ by so much, in milliseconds, before a digest misses a change. */
const CLOCK_TOLERANCE_MS = 60_000;
/** Syncs per second that a hint asks of one node's clients, and its shortest spread (ms). */
const HINTED_PER_SECOND = 200;
const MIN_HINT_SPREAD_MS = 1000;

/**
 * Tells clients what they may have missed. A lost event is noticed with the next one of its chat; for
 * the last one there is no next, so every client is told from time to time how far its chats are, if
 * they have changed since: by one query per node, or from memory where the database is the node's own.
 */
export class VersionDigest<Client> {
  private timer: NodeJS.Timeout | undefined;
  private since: number;
  private told = new Map<string, number>();
  private running: Promise<void> | undefined;

  constructor(private readonly parts: VersionDigestParts<Client>) {
    this.since = parts.clock.now();
  }

  /**
   * Begins to tell, one digest at a time: the answer to an older question, when it comes after that to a
   * newer one, would have clients told again what they have been told.
   */
  start(): void {
    this.timer = setInterval(() => {
      this.running ??= this.run()
        .catch((error: unknown) => {
          this.parts.logger.warn({ err: error }, 'a digest was left out');
        })
        .finally(() => {
          this.running = undefined;
        });
    }, this.parts.intervalMs);
    this.timer.unref();
  }

  /** Ends; resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** Asks all clients of this node to sync, each at a time of its own, so that they do not come at once. */
  hint(): void {
    const { clients } = this.parts;
    const hinted = clients.all();
    const spread = Math.max(MIN_HINT_SPREAD_MS, (hinted.length / HINTED_PER_SECOND) * 1000);
    for (const client of hinted) clients.hint(client, Math.floor(Math.random() * spread));
  }

  private async run(): Promise<void> {
    const { clients, clock } = this.parts;
    const now = clock.now();
    const written = this.parts.takeWritten();
    const previews = this.parts.isAlone
      ? written
      : await withDeadline(
          this.headsSince(new Date(this.since - CLOCK_TOLERANCE_MS)),
          QUEUE_STEP_MS,
        );
    this.since = now;
    const digests = new Map<Client, Record<string, [number, number]>>();
    for (const [chatId, { seq, version }] of previews) {
      if ((this.told.get(chatId) ?? 0) >= version) continue;
      for (const client of clients.inChat(chatId)) {
        const digest = digests.get(client) ?? {};
        digest[chatId] = [seq, version];
        digests.set(client, digest);
      }
    }
    this.told = new Map([...previews].map(([chatId, { version }]) => [chatId, version]));
    for (const [client, chats] of digests) clients.tell(client, chats);
  }

  /** The newest numbers among what has changed since; chats without a change are not in it. */
  private async headsSince(since: Date): Promise<Map<string, Head>> {
    const changed = await this.parts.messages.aggregate<Head & { _id: Types.ObjectId }>([
      { $match: { updatedAt: { $gt: since } } },
      { $group: { _id: '$chatId', seq: { $max: '$seq' }, version: { $max: '$version' } } },
    ]);
    return new Map(changed.map(({ _id, seq, version }) => [_id.toHexString(), { seq, version }]));
  }
}
