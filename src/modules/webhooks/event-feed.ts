import { LRUCache } from 'lru-cache';
import { Types } from 'mongoose';
import type { Clock } from '../../shared/clock.js';
import type { MessagesRepository, StoredMessage } from '../messages/index.js';
import type { UserCard } from '../users/index.js';
import type { EventPayloads, EventSources, FeedEvent } from './event-sources.js';
import { messageEvents, portionsOf } from './event-sources.js';
import type { DeliveriesRepository } from './deliveries.repository.js';
import { newDelivery } from './deliveries.repository.js';
import type { ChatPosition, FeedPosition, FeedRepository } from './feed.repository.js';
import type { StoredWebhook } from './webhooks.repository.js';
import { atMost } from '../../shared/at-most.js';

const MINUTE = 60_000;
/** How far a round looks back before the one before it: nodes' clocks differ, and a write takes its time. */
const OVERLAP_MS = MINUTE;
/** A wide round looks further back, for a node that was suspended between numbering and writing. */
const WIDE_OVERLAP_MS = 30 * MINUTE;
const WIDE_EVERY_MS = 5 * MINUTE;
/** Rare things are looked for as far back as this in each round; their ids are made by the nodes. */
const RARE_OVERLAP_MS = 10 * MINUTE;
/** Messages of a chat that are read at once. */
const PORTION = 200;
/** The time whose changed messages one command looks for, in milliseconds; twice as long after each quiet one. */
const SLICE_MS = MINUTE;
const LONGEST_SLICE_MS = 6 * 60 * MINUTE;
/** A slice in which fewer chats have changed is a quiet one. */
const QUIET_CHATS = 100;
/** Events that are stored together. */
const BATCH = 200;
/** Events that this node knows to be stored; only spares work. */
const KNOWN = 50_000;

/**
 * Finds what has happened in the database, and stores it for the webhooks that want to hear of it.
 *
 * Nothing is noted when a message is sent: chats that have changed are found by the time of their newest change, and in
 * each of them everything above the version that was read last, which the log numbers without holes. Deliveries are
 * stored before positions move, so whatever is interrupted is read again, and found stored by its id.
 */
export class EventFeed {
  private readonly known = new LRUCache<string, true>({ ...atMost(KNOWN) });
  private running: Promise<void> | undefined;

  constructor(
    private readonly deps: {
      feed: FeedRepository;
      deliveries: DeliveriesRepository;
      messages: Pick<
        MessagesRepository,
        'newestNumbersSince' | 'changedAbove' | 'newestBefore' | 'changedSince'
      >;
      sources: EventSources;
      payloads: EventPayloads;
      directory: { cards(userIds: string[]): Promise<Map<string, UserCard>> };
      clock: Clock;
    },
  ) {}

  /** One round, for the enabled webhooks. Without any, positions are forgotten: a later start is a new one. */
  async run(webhooks: StoredWebhook[]): Promise<void> {
    this.running ??= this.round(webhooks).finally(() => {
      this.running = undefined;
    });
    await this.running;
  }

  /** Resolves when no round is under way. */
  async idle(): Promise<void> {
    await this.running?.catch(() => undefined);
  }

  /**
   * Stores what has happened to messages since a time and a webhook wants, in portions.
   *
   * @param from messages that were changed before this are left out.
   * @returns per portion how many deliveries were new, and the time of the newest change in it.
   */
  async *recoverMessages(
    webhook: StoredWebhook,
    since: Date,
    from: Date,
  ): AsyncGenerator<{ found: number; position: Date }> {
    const target = { ...webhook, since };
    for await (const docs of portionsOf(this.deps.messages.changedSince(from), PORTION)) {
      const cards = await this.cardsOf(docs);
      const events = docs.flatMap((doc) => {
        const is = { after: since, isNew: doc.createdAt >= since };
        return messageEvents(doc, cards.get(doc.senderId.toHexString()), is, this.deps.payloads);
      });
      const found = await this.store(events, [target]);
      yield { found, position: docs.at(-1)!.updatedAt };
    }
  }

  /** Stores everything else that has happened since a time and a webhook wants; answers per portion what was new. */
  async *recoverOthers(webhook: StoredWebhook, since: Date): AsyncGenerator<{ found: number }> {
    const target = { ...webhook, since };
    for await (const events of portionsOf(this.deps.sources.all(since), BATCH)) {
      yield { found: await this.store(events, [target]) };
    }
  }

  private async round(webhooks: StoredWebhook[]): Promise<void> {
    const { clock, feed, sources } = this.deps;
    const now = new Date(clock.now());
    const stored = await feed.find();
    if (webhooks.length === 0) {
      if (stored) await feed.clear();
      return;
    }
    const position: FeedPosition = stored ?? {
      _id: 'feed',
      startedAt: new Date(Math.min(...webhooks.map(({ since }) => since.getTime()))),
      readAt: now,
      widelyReadAt: now,
      // Those from before the webhooks are read once, and nobody wants them.
      broadcastNumber: 0,
    };
    // Saved at once: what happens from now on is found, whatever interrupts this round.
    if (!stored) await feed.save(position);
    const isWide = now.getTime() - position.widelyReadAt.getTime() >= WIDE_EVERY_MS;
    const overlap = isWide ? WIDE_OVERLAP_MS : OVERLAP_MS;
    const start = Math.max(position.readAt.getTime() - overlap, position.startedAt.getTime());
    const since = new Date(start);
    await this.readMessages(since, position.startedAt, webhooks);
    const rare = new Date(
      Math.max(position.readAt.getTime() - RARE_OVERLAP_MS, position.startedAt.getTime()),
    );
    const wantsReads = webhooks.some(({ events }) => events.includes('message.read'));
    let batch: FeedEvent[] = [];
    for await (const event of sources.since(rare, wantsReads ? since : undefined)) {
      batch.push(event);
      if (batch.length < BATCH) continue;
      await this.store(batch, webhooks);
      batch = [];
    }
    let { broadcastNumber } = position;
    for await (const { number, event } of sources.broadcastsAfter(broadcastNumber)) {
      batch.push(event);
      broadcastNumber = number;
    }
    await this.store(batch, webhooks);
    await feed.save({
      ...position,
      readAt: now,
      ...(isWide && { widelyReadAt: now }),
      broadcastNumber,
    });
  }

  private async readMessages(since: Date, startedAt: Date, webhooks: StoredWebhook[]) {
    const { clock, feed, messages } = this.deps;
    const now = clock.now();
    // In slices, each within a command's deadline, whatever time there is to catch up with. What changes meanwhile
    // moves into a later one; the last one has no end.
    let length = SLICE_MS;
    for (let from = since.getTime() - 1; ;) {
      const isLast = from + length >= now;
      const until = isLast ? undefined : new Date(from + length);
      let changed: Awaited<ReturnType<typeof messages.newestNumbersSince>>;
      try {
        changed = await messages.newestNumbersSince(new Date(from), until);
      } catch (error) {
        if (length === SLICE_MS) throw error;
        // Perhaps it was too long for the deadline.
        length = SLICE_MS;
        continue;
      }
      const positions = await feed.positionsOf([...changed.keys()]);
      for (const [chatId, { version }] of changed) {
        const known = positions.get(chatId);
        if (known && known.version >= version) continue;
        await this.readChat(known ?? (await this.startOf(chatId, startedAt)), webhooks);
      }
      if (isLast) return;
      from += length;
      length = changed.size < QUIET_CHATS ? Math.min(2 * length, LONGEST_SLICE_MS) : SLICE_MS;
    }
  }

  /** Where a chat stood when the feed began. */
  private async startOf(chatId: string, startedAt: Date): Promise<ChatPosition> {
    const { seq, version } = await this.deps.messages.newestBefore(chatId, startedAt);
    return { _id: new Types.ObjectId(chatId), seq, version, at: startedAt };
  }

  private async readChat(start: ChatPosition, webhooks: StoredWebhook[]): Promise<void> {
    const { feed, messages, payloads } = this.deps;
    // Number and time stay those of the start until all is read: a message that was changed later comes in a later
    // portion than newer messages. Nodes' clocks differ; events that are found again are known by their ids.
    const after = new Date(start.at.getTime() - WIDE_OVERLAP_MS);
    let { at, seq, version } = start;
    for (;;) {
      const docs = await messages.changedAbove(start._id, version, PORTION);
      const cards = await this.cardsOf(docs);
      const events = docs.flatMap((doc) =>
        messageEvents(
          doc,
          cards.get(doc.senderId.toHexString()),
          { after, isNew: doc.seq > start.seq },
          payloads,
        ),
      );
      await this.store(events, webhooks);
      const last = docs.at(-1);
      version = last?.version ?? version;
      at = last?.updatedAt ?? at;
      seq = Math.max(seq, ...docs.map((doc) => doc.seq));
      const isDone = docs.length < PORTION;
      await feed.savePosition(
        isDone ? { _id: start._id, seq, version, at } : { ...start, version },
      );
      if (isDone) return;
    }
  }

  /** Stores events for those webhooks that want them; answers how many deliveries were new. */
  private async store(events: FeedEvent[], webhooks: StoredWebhook[]): Promise<number> {
    const now = new Date(this.deps.clock.now());
    const isKnown = (event: FeedEvent, webhook: StoredWebhook) =>
      this.known.has(`${webhook._id.toHexString()} ${event.eventId}`);
    const wanted = events.flatMap((event) => {
      const targets = webhooks.filter(
        (webhook) =>
          webhook.events.includes(event.type) &&
          event.at >= webhook.since &&
          !isKnown(event, webhook),
      );
      if (targets.length === 0) return [];
      const { data, ...rest } = event;
      const timestamp = event.at.toISOString();
      const payload = JSON.stringify({ type: event.type, timestamp, data });
      return targets.map(({ _id }) => newDelivery(_id, { ...rest, payload }, now));
    });
    const count = await this.deps.deliveries.add(wanted);
    for (const { webhookId, eventId } of wanted) {
      this.known.set(`${webhookId.toHexString()} ${eventId}`, true);
    }
    return count;
  }

  private async cardsOf(docs: StoredMessage[]): Promise<Map<string, UserCard>> {
    return this.deps.directory.cards([...new Set(docs.map((doc) => doc.senderId.toHexString()))]);
  }
}
