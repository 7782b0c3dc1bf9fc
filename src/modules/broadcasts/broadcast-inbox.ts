import type { Publisher } from '../../platform/event-bus.js';
import { audiences } from '../../shared/audience.js';
import { notFound } from '../../shared/errors.js';
import type { Actor } from '../../shared/actor.js';
import type { UserAdministration, UserDirectory } from '../users/index.js';
import type {
  BroadcastPosition,
  BroadcastPositionsRepository,
  Recipient,
  BroadcastsRepository,
} from './broadcasts.repository.js';
import type { BroadcastEvents, BroadcastRecord } from './broadcasts.events.js';
import { toBroadcastRecord } from './broadcasts.events.js';
import type { ShowBroadcasts } from './show-broadcasts.js';

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

/** What a person has been sent by broadcast, and what of it they have read. */
export class BroadcastInbox {
  constructor(
    private readonly deps: {
      broadcasts: BroadcastsRepository;
      positions: BroadcastPositionsRepository;
      administration: Pick<UserAdministration, 'one'>;
      directory: Pick<UserDirectory, 'cards'>;
      bus: Publisher<BroadcastEvents>;
    },
  ) {}

  /** The actor's broadcasts, newest first; they count as delivered now. */
  async list(
    actor: Actor,
    { before, limit }: InboxQuery,
  ): Promise<{ items: ReceivedBroadcast[]; unreadCount: number; hasMore: boolean }> {
    const { broadcasts, directory, positions } = this.deps;
    const [recipient, position] = await Promise.all([
      this.recipient(actor),
      positions.of(actor.userId),
    ]);
    const found = await broadcasts.newestFor(recipient, { before }, limit + 1);
    const page = found.slice(0, limit);
    const cards = await directory.cards(page.map(({ senderId }) => senderId.toHexString()));
    const newest = page[0]?.number ?? 0;
    if (newest > position.deliveredNumber) {
      await positions.advance(actor.userId, { deliveredNumber: newest });
    }
    return {
      items: page.map((doc) => ({
        broadcast: toBroadcastRecord(doc, cards.get(doc.senderId.toHexString())),
        isRead: doc.number <= position.readNumber,
      })),
      unreadCount: await broadcasts.countFor(recipient, { after: position.readNumber }),
      hasMore: found.length > limit,
    };
  }

  /**
   * Reads a broadcast and those before it; the actor's devices receive how many are left.
   *
   * @throws {AppError} NOT_FOUND when it is not for the actor.
   */
  async markRead(actor: Actor, broadcastId: string): Promise<{ unreadCount: number }> {
    const { broadcasts, bus, positions } = this.deps;
    const recipient = await this.recipient(actor);
    const number = await broadcasts.numberFor(recipient, broadcastId);
    if (number === undefined) throw notFound('Broadcast');
    await positions.advance(actor.userId, { deliveredNumber: number, readNumber: number });
    const { readNumber } = await positions.of(actor.userId);
    const unreadCount = await broadcasts.countFor(recipient, { after: readNumber });
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

  /** A user as a recipient: broadcasts from before the account was made are not for them. */
  async recipient({ userId, role }: Pick<Actor, 'userId' | 'role'>): Promise<Recipient> {
    const { createdAt } = await this.deps.administration.one(userId);
    return { userId, role, since: createdAt.getTime() };
  }
}

/** Missed broadcasts that are sent as events; the list has the older ones. */
const MAX_CATCH_UP = 50;

/** The position of somebody who has caught up. */
interface CaughtUp {
  position: BroadcastPosition;
  /** Number of the oldest that came as an event, when there were more; else null. */
  before: number | null;
}

/** Shows devices that connect what their users have missed. */
export class MissedBroadcasts {
  constructor(
    private readonly deps: {
      broadcasts: BroadcastsRepository;
      positions: BroadcastPositionsRepository;
      inbox: Pick<BroadcastInbox, 'recipient'>;
      show: ShowBroadcasts;
      bus: Publisher<BroadcastEvents>;
    },
  ) {}

  /**
   * Shows the newest of what the user has missed, subscribes the device to later broadcasts, and publishes
   * the unread count. A device that connects while a broadcast is being shown receives the next one and those
   * after it.
   */
  async connected(actor: Pick<Actor, 'userId' | 'role'>, socketId: string): Promise<void> {
    const { show } = this.deps;
    const { userId } = actor;
    let caughtUp: CaughtUp | undefined;
    let upTo: number;
    try {
      do {
        upTo = show.shown;
        caughtUp = await this.catchUp(actor, upTo);
      } while (show.shown !== upTo);
    } finally {
      // A device that could not catch up still receives new broadcasts; the list has the rest.
      show.admit(userId, socketId, caughtUp?.position.deliveredNumber ?? 0);
    }
    await this.publishUnread(actor, upTo, caughtUp);
  }

  private async catchUp(actor: Pick<Actor, 'userId' | 'role'>, upTo: number): Promise<CaughtUp> {
    const { broadcasts, inbox, positions, show } = this.deps;
    const { userId } = actor;
    for (;;) {
      const position = await positions.of(userId);
      const { deliveredNumber: after } = position;
      if (after >= upTo) return { position, before: null };
      const recipient = await inbox.recipient(actor);
      const missed = await broadcasts.newestFor(recipient, { after, upTo }, MAX_CATCH_UP + 1);
      const [newest] = missed;
      if (!newest) return { position, before: null };
      // Another node may be about to show the same.
      if (!(await positions.claim(userId, after, newest.number))) continue;
      const shown = missed.slice(0, MAX_CATCH_UP).reverse();
      for (const doc of shown) await show.showMissed(doc, userId);
      return {
        position: { ...position, deliveredNumber: newest.number },
        before: missed.length > MAX_CATCH_UP ? shown[0]!.number : null,
      };
    }
  }

  private async publishUnread(
    actor: Pick<Actor, 'userId' | 'role'>,
    upTo: number,
    { position, before }: CaughtUp,
  ): Promise<void> {
    const { broadcasts, bus, inbox } = this.deps;
    if (position.readNumber >= upTo) return;
    const recipient = await inbox.recipient(actor);
    const unreadCount = await broadcasts.countFor(recipient, { after: position.readNumber });
    if (unreadCount === 0) return;
    const { userId } = actor;
    const audience = audiences.users([userId]);
    bus.emit('broadcasts.unread', { userId, unreadCount, before, audience }, { scope: 'node' });
  }
}
