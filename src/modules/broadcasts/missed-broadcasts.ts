import type { Publisher } from '../../platform/event-bus.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import type { BroadcastInbox } from './broadcast-inbox.js';
import type { BroadcastPosition, BroadcastPositions } from './broadcast-positions.js';
import type { BroadcastEvents } from './broadcasts.events.js';
import type { ShowBroadcasts } from './show-broadcasts.js';

/** What catching up is built from. */
export interface MissedBroadcastsParts {
  inbox: BroadcastInbox;
  positions: BroadcastPositions;
  shower: ShowBroadcasts;
  bus: Publisher<BroadcastEvents>;
}

/** Missed broadcasts that come as events; the list has those before. */
const MAX_CATCH_UP = 50;

/** Where somebody is after catching up. */
interface CaughtUp {
  position: BroadcastPosition;
  /** Number of the oldest that came as an event, when there were more; else null. */
  before: number | null;
}

/** Shows those who come what they have missed. */
export class MissedBroadcasts {
  constructor(private readonly parts: MissedBroadcastsParts) {}

  /**
   * Shows the newest of what the user has missed, lets the device listen to what is sent from then on,
   * and says how much is unread. A device that comes while something is being shown listens from the
   * next one on.
   */
  async arrive(actor: Pick<Actor, 'userId' | 'role'>, socketId: string): Promise<void> {
    const { shower } = this.parts;
    const { userId } = actor;
    let caughtUp: CaughtUp | undefined;
    let upTo: number;
    try {
      do {
        upTo = shower.shown;
        caughtUp = await this.catchUp(actor, upTo);
      } while (shower.shown !== upTo);
    } finally {
      // Whoever could not catch up still hears what is sent; the list has the rest.
      shower.admit(userId, socketId, caughtUp?.position.deliveredNumber ?? 0);
    }
    await this.tellUnread(actor, upTo, caughtUp);
  }

  private async catchUp(actor: Pick<Actor, 'userId' | 'role'>, upTo: number): Promise<CaughtUp> {
    const { inbox, positions, shower } = this.parts;
    const { userId } = actor;
    for (;;) {
      const position = await positions.of(userId);
      const { deliveredNumber: after } = position;
      if (after >= upTo) return { position, before: null };
      const recipient = await inbox.recipient(actor);
      const missed = await inbox.newest(recipient, { after, upTo }, MAX_CATCH_UP + 1);
      if (missed.length === 0) return { position, before: null };
      const deliveredNumber = missed[0]!.number!;
      // Another node may be about to show the same.
      if (!(await positions.claim(userId, after, deliveredNumber))) continue;
      const shown = missed.slice(0, MAX_CATCH_UP).reverse();
      for (const doc of shown) await shower.showMissed(doc, userId);
      return {
        position: { ...position, deliveredNumber },
        before: missed.length > MAX_CATCH_UP ? shown[0]!.number! : null,
      };
    }
  }

  private async tellUnread(
    actor: Pick<Actor, 'userId' | 'role'>,
    upTo: number,
    { position, before }: CaughtUp,
  ): Promise<void> {
    const { bus, inbox } = this.parts;
    if (position.readNumber >= upTo) return;
    const recipient = await inbox.recipient(actor);
    const unreadCount = await inbox.count(recipient, { after: position.readNumber });
    if (unreadCount === 0) return;
    const { userId } = actor;
    const audience = audiences.users([userId]);
    bus.emit('broadcasts.unread', { userId, unreadCount, before, audience }, { scope: 'node' });
  }
}
