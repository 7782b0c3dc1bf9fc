import { Types, trusted } from 'mongoose';
import type { Publisher } from '../../platform/event-bus.js';
import { isDuplicateKey } from '../../platform/driver-error.js';
import { IS_NUMBER, equalText } from '../../platform/typed-index.js';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { AuditTrail } from '../users/index.js';
import type { UserDirectory } from '../users/index.js';
import type {
  BroadcastAudience,
  BroadcastDoc,
  BroadcastModels,
  BroadcastType,
} from './broadcast.model.js';
import type { BroadcastRecord } from './broadcast.record.js';
import { toBroadcastRecord } from './broadcast.record.js';
import type { BroadcastEvents } from './broadcasts.events.js';

/** What an admin says to many. */
export interface BroadcastInput {
  message: string;
  messageType: BroadcastType;
  audience: BroadcastAudience;
  /** When to send it; now when absent or past. */
  scheduledAt?: Date | undefined;
  /** Makes a retry safe: the same id from the same admin is the same broadcast. */
  clientMessageId?: string | undefined;
}

/** Notes what admins do, before and after. */
export type AuditLog = Pick<AuditTrail, 'during'>;

/** What sending broadcasts is built from. */
export interface SendBroadcastParts {
  models: BroadcastModels;
  directory: Pick<UserDirectory, 'card'>;
  audit: AuditLog;
  bus: Publisher<BroadcastEvents>;
  clock: Clock;
}

/** Attempts to take the next number before giving up: so many admins do not broadcast at once. */
const MAX_ATTEMPTS = 50;

/**
 * Sends broadcasts, at once or when their time has come. Being sent is one write, which gives the
 * broadcast its number; only one node can make it, so each is sent once.
 */
export class SendBroadcast {
  constructor(private readonly parts: SendBroadcastParts) {}

  /**
   * Stores a broadcast and sends it unless it is for later.
   *
   * @throws {AppError} CLIENT_MESSAGE_ID_REUSED when the id stands for another broadcast.
   */
  async create(actor: Actor, input: BroadcastInput): Promise<BroadcastRecord> {
    const { audit, clock } = this.parts;
    const now = new Date(clock.now());
    const { clientMessageId, scheduledAt = now, ...content } = input;
    const id = new Types.ObjectId();
    const broadcastId = id.toHexString();
    const isNew = await audit.during(
      actor,
      { action: 'broadcasts.create', subject: broadcastId },
      async () => {
        const isStored = await this.store({
          ...content,
          _id: id,
          senderId: objectId(actor.userId),
          status: 'scheduled',
          scheduledAt: scheduledAt > now ? scheduledAt : now,
          sentAt: null,
          createdAt: now,
          ...(clientMessageId !== undefined && { clientMessageId }),
        });
        if (isStored && scheduledAt <= now) await this.send(broadcastId);
        return isStored;
      },
      (isStored) => (isStored ? {} : { isReplay: true }),
    );
    return isNew ? this.one(broadcastId) : this.replay(actor, clientMessageId!, input);
  }

  /**
   * Takes back a broadcast that has not been sent.
   *
   * @throws {AppError} NOT_FOUND, CONFLICT when it is sent or cancelled already.
   */
  async cancel(actor: Actor, broadcastId: string): Promise<BroadcastRecord> {
    const cancelled = await this.parts.audit.during(
      actor,
      { action: 'broadcasts.cancel', subject: broadcastId },
      () => this.takeBack(broadcastId),
    );
    return this.record(cancelled);
  }

  /** Sends every broadcast whose time has come. */
  async sendDue(): Promise<void> {
    const due = await this.parts.models.broadcasts
      .find(
        {
          status: 'scheduled',
          scheduledAt: trusted({ $lte: new Date(this.parts.clock.now()) }),
        },
        { _id: 1 },
      )
      .sort({ scheduledAt: 1 })
      .lean();
    for (const { _id } of due) await this.send(_id.toHexString());
  }

  /** @throws {AppError} NOT_FOUND when there is no such broadcast. */
  async one(broadcastId: string): Promise<BroadcastRecord> {
    const doc = await this.parts.models.broadcasts.findById(objectId(broadcastId)).lean();
    if (!doc) throw notFound('Broadcast');
    return this.record(doc);
  }

  /** Gives a scheduled broadcast the next number, unless somebody else was faster or cancelled it. */
  private async send(broadcastId: string): Promise<void> {
    const { broadcasts } = this.parts.models;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const newest = await broadcasts
        .findOne({ number: trusted({ $gt: 0, ...IS_NUMBER }) }, { number: 1 })
        .sort({ number: -1 })
        .lean();
      const number = (newest?.number ?? 0) + 1;
      try {
        const { modifiedCount } = await broadcasts.updateOne(
          { _id: objectId(broadcastId), status: 'scheduled' },
          { $set: { status: 'sent', number, sentAt: new Date(this.parts.clock.now()) } },
        );
        if (modifiedCount === 1)
          this.parts.bus.emit('broadcast.sent', { number }, { scope: 'cluster' });
        return;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
    }
    throw new AppError('UNAVAILABLE', 'Too many broadcasts at once; try again', { retryAfter: 1 });
  }

  /** Stores a broadcast; answers whether its `clientMessageId` was new. */
  private async store(doc: BroadcastDoc): Promise<boolean> {
    try {
      await this.parts.models.broadcasts.create(doc);
      return true;
    } catch (error) {
      if (!isDuplicateKey(error) || doc.clientMessageId === undefined) throw error;
      return false;
    }
  }

  /** Cancels a broadcast that has not been sent. */
  private async takeBack(broadcastId: string): Promise<BroadcastDoc> {
    const cancelled = await this.parts.models.broadcasts
      .findOneAndUpdate(
        { _id: objectId(broadcastId), status: 'scheduled' },
        { $set: { status: 'cancelled' } },
        { returnDocument: 'after' },
      )
      .lean();
    if (!cancelled) {
      const { status } = await this.one(broadcastId);
      throw new AppError('CONFLICT', `This broadcast is already ${status}`);
    }
    return cancelled;
  }

  private async replay(actor: Actor, clientMessageId: string, input: BroadcastInput) {
    const original = await this.parts.models.broadcasts
      .findOne({ senderId: objectId(actor.userId), clientMessageId: equalText(clientMessageId) })
      .lean();
    if (!original) throw notFound('Broadcast');
    if (!isRetryOf(original, input)) {
      throw new AppError(
        'CLIENT_MESSAGE_ID_REUSED',
        'This clientMessageId was already used for a different broadcast',
      );
    }
    return this.record(original);
  }

  private async record(doc: BroadcastDoc): Promise<BroadcastRecord> {
    return toBroadcastRecord(doc, await this.parts.directory.card(doc.senderId.toHexString()));
  }
}

/** Whether an input asks for what is stored: the same text for the same people at the same time. */
const isRetryOf = (
  original: BroadcastDoc,
  { message, messageType, audience, scheduledAt }: BroadcastInput,
): boolean => {
  // What was asked for at once, or for a time that had passed, was due when it was made.
  const due = Math.max(scheduledAt?.getTime() ?? 0, original.createdAt.getTime());
  return (
    original.message === message &&
    original.messageType === messageType &&
    original.scheduledAt.getTime() === due &&
    isSameAudience(original.audience, audience)
  );
};

const isSameAudience = (one: BroadcastAudience, other: BroadcastAudience): boolean => {
  if (one.kind === 'list' && other.kind === 'list') {
    const named = new Set(one.userIds.map((id) => id.toHexString()));
    return (
      named.size === other.userIds.length &&
      other.userIds.every((id) => named.has(id.toHexString()))
    );
  }
  if (one.kind === 'role' && other.kind === 'role') return one.role === other.role;
  return one.kind === other.kind;
};
