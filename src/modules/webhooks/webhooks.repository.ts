import type { Connection, Model } from 'mongoose';
import { Schema, Types, mongo, trusted } from 'mongoose';
import { objectId } from '../../platform/object-id.js';

/** What webhooks can be told of; `webhook.test` is sent on demand only. */
export const WEBHOOK_EVENTS = [
  'message.created',
  'message.edited',
  'message.deleted',
  'message.reaction_added',
  'message.reaction_removed',
  'message.read',
  'chat.created',
  'chat.updated',
  'member.added',
  'member.removed',
  'user.created',
  'user.updated',
  'user.deactivated',
  'report.created',
  'media.uploaded',
  'broadcast.sent',
] as const;
export type WebhookEventType = (typeof WEBHOOK_EVENTS)[number];

/** Why a webhook was switched off by the server: it answered 410, or nothing else than failures for days. */
export type DisabledReason = 'gone' | 'failing';

/** An address that wants to hear of events. */
export interface StoredWebhook {
  _id: Types.ObjectId;
  url: string;
  events: WebhookEventType[];
  description: string;
  isEnabled: boolean;
  /** Newest first. All of them sign; a former one until its end. */
  secrets: { secret: string; until: Date | null }[];
  createdBy: Types.ObjectId;
  createdAt: Date;
  updatedAt: Date;
  /** When it was last enabled: it hears of what happens afterwards. */
  since: Date;
  /** Since when every attempt has failed; null after a success. */
  failingSince: Date | null;
  disabledReason: DisabledReason | null;
}

/** One attempt to deliver. */
export interface Attempt {
  at: Date;
  /** Milliseconds until the answer, or the failure. */
  ms: number;
  /** HTTP status; null when there was no answer. */
  status: number | null;
  /** The beginning of the answer, or why there was none. */
  answer: string;
}

export const DELIVERY_STATUSES = ['waiting', 'delivered', 'failed'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** An event on its way to a webhook. */
export interface StoredDelivery {
  _id: Types.ObjectId;
  webhookId: Types.ObjectId;
  eventId: string;
  type: WebhookEventType | 'webhook.test';
  /** When it happened. */
  at: Date;
  /** Deliveries of one lane are made one after the other. */
  lane: string;
  /** The body, as it is sent each time. */
  payload: string;
  status: DeliveryStatus;
  attemptCount: number;
  /** The newest attempts, oldest first. */
  attempts: Attempt[];
  /** When the next attempt is due. */
  nextAt: Date;
  createdAt: Date;
}

/** How far the feed has come in a chat. */
export interface ChatPosition {
  /** The chat. */
  _id: Types.ObjectId;
  seq: number;
  version: number;
  /** Time of the newest change that was read. */
  at: Date;
}

/** How far the feed has come. */
export interface FeedPosition {
  _id: 'feed';
  /** Nothing that happened before this is told. */
  startedAt: Date;
  /** When the last complete round began. */
  readAt: Date;
  /** When the last wide round began, which looks further back. */
  widelyReadAt: Date;
  broadcastNumber: number;
}

const { ObjectId } = Schema.Types;

const webhookSchema = new Schema<StoredWebhook>(
  {
    url: { type: String, required: true },
    events: { type: [String], required: true },
    description: { type: String, default: '' },
    isEnabled: { type: Boolean, required: true },
    secrets: { type: [new Schema({ secret: String, until: Date }, { _id: false })] as never },
    createdBy: { type: ObjectId, required: true },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
    since: { type: Date, required: true },
    failingSince: { type: Date, default: null },
    disabledReason: { type: String, default: null },
  },
  { collection: 'webhooks', versionKey: false },
);

const deliverySchema = new Schema<StoredDelivery>(
  {
    webhookId: { type: ObjectId, required: true },
    eventId: { type: String, required: true },
    type: { type: String, required: true },
    at: { type: Date, required: true },
    lane: { type: String, required: true },
    payload: { type: String, required: true },
    status: { type: String, enum: DELIVERY_STATUSES, required: true },
    attemptCount: { type: Number, default: 0 },
    attempts: {
      type: [
        new Schema({ at: Date, ms: Number, status: Number, answer: String }, { _id: false }),
      ] as never,
      default: [],
    },
    nextAt: { type: Date, required: true },
    createdAt: { type: Date, required: true },
  },
  { collection: 'webhookdeliveries', versionKey: false },
);
// An event is stored once for each webhook, however often the feed reads it.
deliverySchema.index({ webhookId: 1, eventId: 1 }, { unique: true });
// What is due, in order.
deliverySchema.index(
  { webhookId: 1, nextAt: 1, _id: 1 },
  { partialFilterExpression: { status: 'waiting' } },
);
// The list of a webhook's deliveries, newest first.
deliverySchema.index({ webhookId: 1, _id: -1 });
// What is too old to be kept.
deliverySchema.index({ createdAt: 1 });

const positionSchema = new Schema<ChatPosition>(
  { _id: ObjectId, seq: Number, version: Number, at: Date },
  { collection: 'webhookpositions', versionKey: false },
);
const feedSchema = new Schema<FeedPosition>(
  { _id: String, startedAt: Date, readAt: Date, widelyReadAt: Date, broadcastNumber: Number },
  { collection: 'webhookfeeds', versionKey: false },
);

/** Registers the module's models on a connection. */
export const defineWebhookModels = (connection: Connection): void => {
  connection.model<StoredWebhook>('Webhook', webhookSchema);
  connection.model<StoredDelivery>('WebhookDelivery', deliverySchema);
  connection.model<ChatPosition>('WebhookPosition', positionSchema);
  connection.model<FeedPosition>('WebhookFeed', feedSchema);
};

/** The stored webhooks. */
export class WebhooksRepository {
  private readonly webhooks: Model<StoredWebhook>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.webhooks = connection.model<StoredWebhook>('Webhook');
  }

  async insert(webhook: StoredWebhook): Promise<void> {
    await this.webhooks.create(webhook);
  }

  async count(): Promise<number> {
    return this.webhooks.countDocuments();
  }

  /** All webhooks, oldest first: there are few. */
  async all(): Promise<StoredWebhook[]> {
    return this.webhooks.find().sort({ _id: 1 }).lean();
  }

  async find(webhookId: string): Promise<StoredWebhook | null> {
    return this.webhooks.findById(objectId(webhookId)).lean();
  }

  /** Sets the given fields; answers the webhook as it is then, or null. */
  async update(webhookId: string, changes: Partial<StoredWebhook>): Promise<StoredWebhook | null> {
    return this.webhooks
      .findByIdAndUpdate(objectId(webhookId), { $set: changes }, { returnDocument: 'after' })
      .lean();
  }

  /** Answers whether there was one. */
  async remove(webhookId: string): Promise<boolean> {
    const { deletedCount } = await this.webhooks.deleteOne({ _id: objectId(webhookId) });
    return deletedCount === 1;
  }

  /** Records that an attempt has succeeded, or failed for the first time since one has. */
  async noteOutcome(id: Types.ObjectId, failedAt: Date | null): Promise<void> {
    await this.webhooks.updateOne(
      { _id: id, failingSince: failedAt ? null : trusted({ $ne: null }) },
      { $set: { failingSince: failedAt } },
    );
  }

  /** Switches a webhook off that still has this address; answers whether it was on. */
  async disable(
    { _id, url }: Pick<StoredWebhook, '_id' | 'url'>,
    reason: DisabledReason,
    at: Date,
  ): Promise<boolean> {
    const { modifiedCount } = await this.webhooks.updateOne(
      { _id, url, isEnabled: true },
      { $set: { isEnabled: false, disabledReason: reason, updatedAt: at } },
    );
    return modifiedCount === 1;
  }
}

/** Deliveries that one command changes or removes. */
const AT_ONCE = 1000;

/** Which deliveries to list; `before` is the id of one. */
export interface DeliveryQuery {
  status?: DeliveryStatus | undefined;
  before?: string | undefined;
  limit: number;
}

/** The database's code for a violated unique index. */
const DUPLICATE_KEY = 11000;
/** Attempts that a delivery keeps. */
const KEPT_ATTEMPTS = 10;

/** The stored deliveries. */
export class DeliveriesRepository {
  private readonly deliveries: Model<StoredDelivery>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.deliveries = connection.model<StoredDelivery>('WebhookDelivery');
  }

  /** Stores deliveries; those that are stored already stay as they are. Answers how many were new. */
  async add(deliveries: StoredDelivery[]): Promise<number> {
    if (deliveries.length === 0) return 0;
    try {
      const { insertedCount } = await this.deliveries.collection.insertMany(deliveries, {
        ordered: false,
      });
      return insertedCount;
    } catch (error) {
      // All others must be written: one that failed for another reason would be lost.
      if (!(error instanceof mongo.MongoBulkWriteError) || error.result.getWriteConcernError()) {
        throw error;
      }
      const failures = [error.writeErrors].flat();
      if (!failures.every(({ code }) => code === DUPLICATE_KEY)) throw error;
      return error.insertedCount;
    }
  }

  async find(webhookId: string, deliveryId: string): Promise<StoredDelivery | null> {
    return this.deliveries
      .findOne({ _id: objectId(deliveryId), webhookId: objectId(webhookId) })
      .lean();
  }

  /** The newest first. */
  async list(webhookId: string, query: DeliveryQuery): Promise<StoredDelivery[]> {
    const { before, limit, status } = query;
    return this.deliveries
      .find({
        webhookId: objectId(webhookId),
        ...(status && { status }),
        ...(before !== undefined && { _id: trusted({ $lt: objectId(before) }) }),
      })
      .sort({ _id: -1 })
      .limit(limit)
      .lean();
  }

  /** The deliveries of a webhook that are due, those due longest first. */
  async due(webhookId: Types.ObjectId, now: Date, limit: number): Promise<StoredDelivery[]> {
    return this.deliveries
      .find({ webhookId, status: 'waiting', nextAt: trusted({ $lte: now }) })
      .sort({ nextAt: 1, _id: 1 })
      .limit(limit)
      .lean();
  }

  /** When the oldest delivery that waits has happened. */
  async oldestWaiting(webhookId: Types.ObjectId): Promise<Date | undefined> {
    const oldest = await this.deliveries
      .findOne({ webhookId, status: 'waiting' }, { at: 1 })
      .sort({ nextAt: 1, _id: 1 })
      .lean();
    return oldest?.at;
  }

  /** Records an attempt and what follows from it; answers the delivery as it is then. A failure takes back no success. */
  async conclude(
    id: Types.ObjectId,
    attempt: Attempt,
    next: { status: DeliveryStatus; nextAt: Date },
  ): Promise<StoredDelivery | null> {
    return this.deliveries
      .findOneAndUpdate(
        {
          _id: id,
          ...(next.status !== 'delivered' && { status: trusted({ $ne: 'delivered' as const }) }),
        },
        {
          $set: next,
          $inc: { attemptCount: 1 },
          $push: { attempts: { $each: [attempt], $slice: -KEPT_ATTEMPTS } },
        },
        { returnDocument: 'after' },
      )
      .lean();
  }

  /** Makes a delivery due again, whatever has become of it; answers it, or null. */
  async redeliver(
    webhookId: string,
    deliveryId: string,
    now: Date,
  ): Promise<StoredDelivery | null> {
    return this.deliveries
      .findOneAndUpdate(
        { _id: objectId(deliveryId), webhookId: objectId(webhookId) },
        { $set: { status: 'waiting', nextAt: now, attemptCount: 0 } },
        { returnDocument: 'after' },
      )
      .lean();
  }

  /** Makes all deliveries since a time that have failed, or wait, due again. Answers how many. */
  async retryAll(webhookId: string, since: Date, now: Date): Promise<number> {
    const wanted = {
      webhookId: objectId(webhookId),
      at: { $gte: since },
      status: { $ne: 'delivered' },
      // Tests are made once.
      type: { $ne: 'webhook.test' },
    };
    return this.inPortions(wanted, async (ids) => {
      await this.deliveries.updateMany(
        { _id: trusted({ $in: ids }), status: trusted({ $ne: 'delivered' as const }) },
        { $set: { status: 'waiting', nextAt: now, attemptCount: 0 } },
      );
    });
  }

  async removeOf(webhookId: string): Promise<void> {
    await this.inPortions({ webhookId: objectId(webhookId) }, (ids) => this.remove(ids));
  }

  async removeBefore(time: Date): Promise<void> {
    await this.inPortions({ createdAt: { $lt: time } }, (ids) => this.remove(ids));
  }

  private async remove(ids: Types.ObjectId[]): Promise<void> {
    await this.deliveries.deleteMany({ _id: trusted({ $in: ids }) });
  }

  /** Each command must end within its deadline, however many deliveries there are. Answers how many there were. */
  private async inPortions(
    wanted: Record<string, unknown>,
    change: (ids: Types.ObjectId[]) => Promise<void>,
  ): Promise<number> {
    let last: Types.ObjectId | undefined;
    for (let count = 0; ;) {
      const rows = await this.deliveries.collection
        .find<{ _id: Types.ObjectId }>(
          { ...wanted, ...(last && { _id: { $gt: last } }) },
          { projection: { _id: 1 }, sort: { _id: 1 }, limit: AT_ONCE },
        )
        .toArray();
      if (rows.length > 0) await change(rows.map(({ _id }) => _id));
      count += rows.length;
      last = rows.at(-1)?._id;
      if (rows.length < AT_ONCE) return count;
    }
  }
}

/** How far the feed has come. */
export class FeedRepository {
  private readonly positions: Model<ChatPosition>;
  private readonly feeds: Model<FeedPosition>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.positions = connection.model<ChatPosition>('WebhookPosition');
    this.feeds = connection.model<FeedPosition>('WebhookFeed');
  }

  async find(): Promise<FeedPosition | null> {
    return this.feeds.findById('feed').lean();
  }

  async save(position: FeedPosition): Promise<void> {
    const { _id, ...rest } = position;
    await this.feeds.updateOne({ _id }, { $set: rest }, { upsert: true });
  }

  /** Forgets where it was: the next start is a new one. */
  async clear(): Promise<void> {
    await this.positions.deleteMany({});
    await this.feeds.deleteOne({ _id: 'feed' });
  }

  async positionsOf(chatIds: string[]): Promise<Map<string, ChatPosition>> {
    const found = await this.positions
      .find({ _id: trusted({ $in: chatIds.map(objectId) }) })
      .lean();
    return new Map(found.map((position) => [position._id.toHexString(), position]));
  }

  async savePosition({ _id, ...rest }: ChatPosition): Promise<void> {
    await this.positions.updateOne({ _id }, { $set: rest }, { upsert: true });
  }
}

/** A delivery that is due at once. */
export const newDelivery = (
  webhookId: Types.ObjectId,
  event: Pick<StoredDelivery, 'eventId' | 'type' | 'at' | 'lane' | 'payload'>,
  now: Date,
): StoredDelivery => ({
  _id: new Types.ObjectId(),
  webhookId,
  ...event,
  status: 'waiting',
  attemptCount: 0,
  attempts: [],
  nextAt: now,
  createdAt: now,
});
