import type { Config } from '../../config/index.js';
import type { Publisher } from '../../platform/event-bus.js';
import { audiences } from '../../shared/audience.js';
import type { ChatAccess, Contacts } from '../chats/index.js';
import { canShareSignals, hasAnswered } from '../chats/index.js';
import type { PresenceTracker } from './presence-tracker.js';
import type { ViewingEvents } from './presence.events.js';
import type { Typing } from './typing.js';

/** Publishes who looks at a chat to the others who look at it. */
export class Viewing {
  constructor(
    private readonly deps: {
      tracker: Pick<PresenceTracker, 'isHiding'>;
      typing: Pick<Typing, 'stopNow'>;
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
   * `PRESENCE_AUDIENCE=answered`, nothing is published either of who was asked and has not answered.
   */
  async viewed(userId: string, chatId: string, isOpen: boolean): Promise<void> {
    const { access, bus, contacts, tracker, typing } = this.deps;
    if (!isOpen) typing.stopNow(userId, chatId);
    if (await tracker.isHiding(userId)) return;
    const chat = await access.snapshot(chatId);
    if (!chat || !canShareSignals(chat)) return;
    if (this.deps.audience === 'answered' && !hasAnswered(chat, userId)) return;
    const blocked = chat.kind === 'direct' ? [] : await contacts.blockedWith(userId);
    bus.emit(
      isOpen ? 'chat.opened' : 'chat.closed',
      { chatId, userId, audience: audiences.viewers(chatId, [userId, ...blocked]) },
      { scope: 'cluster' },
    );
  }
}
