import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { refusalToPost } from '../chats/index.js';
import { forPolicy } from './message-reader.js';
import type { MessageReader } from './message-reader.js';
import type { Changed, MessageChange } from './message-change.js';
import type { MessageEvents } from './messages.events.js';
import { refusalToPin, refusalToUse } from './messages.policy.js';

/** What pinning is built from. */
export interface PinMessageParts {
  access: MessageReader;
  change: MessageChange;
  bus: Publisher<MessageEvents>;
  clock: Clock;
}

/** Pins messages to their chat, and unpins them. */
export class PinMessage {
  constructor(private readonly parts: PinMessageParts) {}

  /**
   * Pins or unpins. What is already so changes nothing.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN for plain members of groups and rooms, GONE,
   *   CHAT_NOT_ACCEPTED, BLOCKED.
   */
  async setPinned(actor: Actor, messageId: string, isPinned: boolean): Promise<Changed> {
    const { access, bus, change, clock } = this.parts;
    const found = await access.ofMember(actor, messageId);
    const refusal = refusalToPin(found.chat.kind, found.role) ?? refusalToPost(found.chat);
    if (refusal) throw refusal;
    const result = await change.apply(found, (current) => {
      const unfit = refusalToUse(forPolicy(current));
      if (unfit) throw unfit;
      if ((current.pinnedAt != null) === isPinned) return undefined;
      return isPinned
        ? { $set: { pinnedAt: new Date(clock.now()), pinnedBy: objectId(actor.userId) } }
        : { $unset: { pinnedAt: 1, pinnedBy: 1 } };
    });
    const { changed, ...event } = result;
    if (changed) {
      bus.emit(
        isPinned ? 'message.pinned' : 'message.unpinned',
        {
          ...event,
          actorId: actor.userId,
        },
        { scope: 'cluster' },
      );
    }
    return result;
  }
}
