import { LRUCache } from 'lru-cache';
import { Types } from 'mongoose';
import type { Clock } from '../../shared/clock.js';
import type { MessagesRepository, StoredMessage } from '../messages/index.js';
import type { UserCard } from '../users/index.js';
import type { EventPayloads, EventSources, FeedEvent } from './event-sources.js';
import { messageEvents } from './event-sources.js';
import type {
  ChatPosition,
  DeliveriesRepository,
  FeedPosition,
  FeedRepository,
  StoredWebhook,
} from './webhooks.repository.js';
import { newDelivery } from './webhooks.repository.js';

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
/** The time whose changed messages one command looks for, in milliseconds. */
const SLICE_MS = MINUTE;
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
  private readonly known = new LRUCache<string, true>({ max: KNOWN });
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

  /** Stores everything since a time that a webhook wants; answers how much of it was new. */
  async recover(webhook: StoredWebhook, since: Date): Promise<number> {
    const { messages, sources } = this.deps;
    const target = { ...webhook, since };
    let count = 0;
    let batch: FeedEvent[] = [];
    const store = async (minimum: number) => {
      if (batch.length < minimum) return;
      count += await this.store(batch, [target]);
      batch = [];
    };
    const docs: StoredMessage[] = [];
    const render = async () => {
      const cards = await this.cardsOf(docs);
      for (const doc of docs.splice(0)) {
        const is = { after: since, isNew: doc.createdAt >= since };
        const sender = cards.get(doc.senderId.toHexString());
        batch.push(...messageEvents(doc, sender, is, this.deps.payloads));
      }
      await store(BATCH);
    };
    for await (const doc of messages.changedSince(since)) {
      docs.push(doc);
      if (docs.length >= PORTION) await render();
    }
    await render();
    for await (const event of sources.since(since, since)) {
      batch.push(event);
      await store(BATCH);
    }
    for await (const { event } of sources.broadcastsAfter(0)) {
      if (event.at >= since) batch.push(event);
      await store(BATCH);
    }
    await store(1);
    return count;
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
    for (let from = since.getTime() - 1; ; from += SLICE_MS) {
      const isLast = from + SLICE_MS >= now;
      const until = isLast ? undefined : new Date(from + SLICE_MS);
      const changed = await messages.newestNumbersSince(new Date(from), until);
      const positions = await feed.positionsOf([...changed.keys()]);
      for (const [chatId, { version }] of changed) {
        const known = positions.get(chatId);
        if (known && known.version >= version) continue;
        await this.readChat(known ?? (await this.startOf(chatId, startedAt)), webhooks);
      }
      if (isLast) return;
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
