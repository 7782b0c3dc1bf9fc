import type { Config } from '../../config/index.js';
import type { Publisher } from '../../platform/event-bus.js';
import { audiences } from '../../shared/audience.js';
import type { ChatAccess, ChatSnapshot, Contacts } from '../chats/index.js';
import { canShareSignals, hasAnswered } from '../chats/index.js';
import type { Onlookers } from './onlookers.js';
import type { PresenceTracker } from './presence-tracker.js';
import type { ViewingEvents } from './presence.events.js';
import type { Typing } from './typing.js';

/** Publishes who looks at a chat to the others who look at it. */
export class Viewing {
  constructor(
    private readonly deps: {
      tracker: Pick<PresenceTracker, 'isHiding'>;
      typing: Pick<Typing, 'stopNow'>;
      onlookers: Pick<Onlookers, 'note'>;
      access: Pick<ChatAccess, 'snapshot'>;
      contacts: Pick<Contacts, 'blockedWith'>;
      bus: Publisher<ViewingEvents>;
      /** `PRESENCE_AUDIENCE`: whether who was asked for a direct chat must have answered. */
      audience: Config['presenceAudience'];
    },
  ) {}

  /**
   * Takes in that the first device of a member on this node has opened a chat, or that the last one has
   * closed it or gone. Nothing is published of users who hide, nor where signals are not shared: in a chat
   * that waits for an answer or was rejected, and between two of whom one has blocked the other. Under
   * `PRESENCE_AUDIENCE=answered`, nothing is published either of who was asked and has not answered. Where a crowd
   * looks on, the count is published instead, in a moment.
   */
  async viewed(userId: string, chatId: string, isOpen: boolean): Promise<void> {
    const { bus, contacts, onlookers, typing } = this.deps;
    if (!isOpen) typing.stopNow(userId, chatId);
    let seen: ChatSnapshot | undefined;
    let viewers: ReturnType<Onlookers['note']>;
    try {
      seen = await this.whereSeen(userId, chatId);
    } finally {
      // Who was seen coming is counted out, whatever has changed or fails since.
      if (seen || !isOpen) viewers = onlookers.note(userId, chatId, isOpen);
    }
    if (!seen || !viewers || viewers === 'crowd') return;
    const blocked = seen.kind === 'direct' ? [] : await contacts.blockedWith(userId);
    bus.emit(
      isOpen ? 'chat.opened' : 'chat.closed',
      { chatId, userId, viewers, audience: audiences.viewers(chatId, [userId, ...blocked]) },
      { scope: 'cluster' },
    );
  }

  /** The chat, where others may know that the user looks at it. */
  private async whereSeen(userId: string, chatId: string): Promise<ChatSnapshot | undefined> {
    const { access, audience, tracker } = this.deps;
    if (await tracker.isHiding(userId)) return undefined;
    const chat = await access.snapshot(chatId);
    if (!chat || !canShareSignals(chat)) return undefined;
    return audience === 'answered' && !hasAnswered(chat, userId) ? undefined : chat;
  }
}
