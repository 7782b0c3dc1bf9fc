import type { Connection, Model } from 'mongoose';
import { Schema, trusted } from 'mongoose';
import type { Types } from 'mongoose';
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
  /** When the server has switched it off, until the admins have been told. */
  noticeDueAt?: Date | null;
  /** The newest recovery; null when there was none. */
  recovery?: Recovery | null;
}

/** What a recovery still has to do: deliveries that have not arrived, then messages, then everything else. */
export type RecoveryStep = 'deliveries' | 'messages' | 'others' | 'done';

/** Finds again what has happened since a time and has not arrived. It goes on where it was after a crash. */
export interface Recovery {
  since: Date;
  requestedAt: Date;
  step: RecoveryStep;
  /** Messages that were changed before this have been looked at. */
  position: Date;
  /** Deliveries that are due because of it. One that a crash has interrupted may count some twice. */
  found: number;
  finishedAt: Date | null;
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
    noticeDueAt: { type: Date, default: null },
    recovery: {
      type: new Schema<Recovery>(
        {
          since: Date,
          requestedAt: Date,
          step: String,
          position: Date,
          found: Number,
          finishedAt: { type: Date, default: null },
        },
        { _id: false },
      ),
      default: null,
    },
  },
  { collection: 'webhooks', versionKey: false },
);

/** Registers the webhooks on a connection. */
export const defineWebhookModel = (connection: Connection): void => {
  connection.model<StoredWebhook>('Webhook', webhookSchema);
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
      { $set: { isEnabled: false, disabledReason: reason, updatedAt: at, noticeDueAt: at } },
    );
    return modifiedCount === 1;
  }

  /** Records that the admins have been told that it was switched off. */
  async noticeGiven(id: Types.ObjectId): Promise<void> {
    await this.webhooks.updateOne({ _id: id }, { $set: { noticeDueAt: null } });
  }

  /** Replaces the secrets, unless another call has: then, and without such a webhook, answers null. */
  async replaceSecrets(
    webhookId: string,
    newest: string,
    secrets: StoredWebhook['secrets'],
    at: Date,
  ): Promise<StoredWebhook | null> {
    return this.webhooks
      .findOneAndUpdate(
        { _id: objectId(webhookId), 'secrets.0.secret': newest },
        { $set: { secrets, updatedAt: at } },
        { returnDocument: 'after' },
      )
      .lean();
  }

  /** Saves how far a recovery has come; false when it is not the newest any more. */
  async saveRecovery(id: Types.ObjectId, recovery: Recovery): Promise<boolean> {
    const { matchedCount } = await this.webhooks.updateOne(
      { _id: id, 'recovery.requestedAt': recovery.requestedAt },
      { $set: { recovery } },
    );
    return matchedCount === 1;
  }
}
