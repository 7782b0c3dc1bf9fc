import type { Connection, Model } from 'mongoose';
import { Schema, Types, mongo, trusted } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { WebhookEventType } from './webhooks.repository.js';

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

const { ObjectId } = Schema.Types;

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

/** Registers the deliveries on a connection. */
export const defineDeliveryModel = (connection: Connection): void => {
  connection.model<StoredDelivery>('WebhookDelivery', deliverySchema);
};

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

  /** Whether at least so many deliveries of a webhook wait. */
  async areWaiting(webhookId: Types.ObjectId, count: number): Promise<boolean> {
    const found = await this.deliveries.countDocuments(
      { webhookId, status: 'waiting' },
      { limit: count },
    );
    return found >= count;
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
