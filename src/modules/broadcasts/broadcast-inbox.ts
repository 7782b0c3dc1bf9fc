import type { Model } from 'mongoose';
import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import { audiences } from '../../shared/audience.js';
import { notFound } from '../../shared/errors.js';
import type { Actor } from '../../shared/actor.js';
import type { UserAdministration, UserDirectory } from '../users/index.js';
import type { NumberRange } from './broadcast-filter.js';
import { addressedTo } from './broadcast-filter.js';
import type { BroadcastPositions } from './broadcast-positions.js';
import type { BroadcastDoc } from './broadcast.model.js';
import type { BroadcastRecord } from './broadcast.record.js';
import { toBroadcastRecord } from './broadcast.record.js';
import type { BroadcastEvents } from './broadcasts.events.js';
import type { Recipient } from './broadcasts.policy.js';

/** A broadcast as one of its recipients sees it. */
export interface ReceivedBroadcast {
  broadcast: BroadcastRecord;
  isRead: boolean;
}

/** A page of the inbox; `before` is a broadcast's number. */
export interface InboxQuery {
  before?: number | undefined;
  limit: number;
}

/** What the inbox is built from. */
export interface BroadcastInboxParts {
  broadcasts: Model<BroadcastDoc>;
  positions: BroadcastPositions;
  users: UserAdministration;
  directory: Pick<UserDirectory, 'cards'>;
  bus: Publisher<BroadcastEvents>;
}

/** What a person has been sent by broadcast, and what of it they have read. */
export class BroadcastInbox {
  constructor(private readonly parts: BroadcastInboxParts) {}

  /** The actor's broadcasts, newest first; they count as delivered now. */
  async list(
    actor: Actor,
    { before, limit }: InboxQuery,
  ): Promise<{ items: ReceivedBroadcast[]; unreadCount: number; hasMore: boolean }> {
    const { directory, positions } = this.parts;
    const [recipient, position] = await Promise.all([
      this.recipient(actor),
      positions.of(actor.userId),
    ]);
    const found = await this.newest(recipient, { before }, limit + 1);
    const page = found.slice(0, limit);
    const cards = await directory.cards(page.map(({ senderId }) => senderId.toHexString()));
    const newest = page[0]?.number ?? 0;
    if (newest > position.deliveredNumber) {
      await positions.advance(actor.userId, { deliveredNumber: newest });
    }
    return {
      items: page.map((doc) => ({
        broadcast: toBroadcastRecord(doc, cards.get(doc.senderId.toHexString())),
        isRead: doc.number! <= position.readNumber,
      })),
      unreadCount: await this.count(recipient, { after: position.readNumber }),
      hasMore: found.length > limit,
    };
  }

  /**
   * Reads a broadcast and those before it; the actor's devices are told how many are left.
   *
   * @throws {AppError} NOT_FOUND when it is not for the actor.
   */
  async markRead(actor: Actor, broadcastId: string): Promise<{ unreadCount: number }> {
    const { broadcasts, bus, positions } = this.parts;
    const recipient = await this.recipient(actor);
    const target = await broadcasts
      .findOne({ ...addressedTo(recipient), _id: objectId(broadcastId) }, { number: 1 })
      .lean();
    if (!target) throw notFound('Broadcast');
    const number = target.number!;
    await positions.advance(actor.userId, { deliveredNumber: number, readNumber: number });
    const { readNumber } = await positions.of(actor.userId);
    const unreadCount = await this.count(recipient, { after: readNumber });
    bus.emit(
      'broadcasts.unread',
      {
        userId: actor.userId,
        unreadCount,
        before: null,
        audience: audiences.users([actor.userId]),
      },
      { scope: 'cluster' },
    );
    return { unreadCount };
  }

  /** Somebody as a recipient: nobody gets what was sent before they had an account. */
  async recipient({ userId, role }: Pick<Actor, 'userId' | 'role'>): Promise<Recipient> {
    const { createdAt } = await this.parts.users.one(userId);
    return { userId, role, since: createdAt.getTime() };
  }

  /** The newest broadcasts of a range that are for somebody, newest first. */
  async newest(recipient: Recipient, range: NumberRange, limit: number): Promise<BroadcastDoc[]> {
    return this.parts.broadcasts
      .find(addressedTo(recipient, range))
      .sort({ number: -1 })
      .limit(limit)
      .lean();
  }

  /** How many broadcasts of a range are for somebody. */
  async count(recipient: Recipient, range: NumberRange): Promise<number> {
    return this.parts.broadcasts.countDocuments(addressedTo(recipient, range));
  }
}
