import type { Publisher } from '../../platform/event-bus.js';
import { audiences } from '../../shared/audience.js';
import type { PresenceTracker } from './presence-tracker.js';
import type { ViewingEvents } from './presence.events.js';
import type { Typing } from './typing.js';

/** Publishes who looks at a chat to the others who look at it. */
export class Viewing {
  constructor(
    private readonly tracker: Pick<PresenceTracker, 'isHiding'>,
    private readonly typing: Pick<Typing, 'stopNow'>,
    private readonly bus: Publisher<ViewingEvents>,
  ) {}

  /**
   * Takes in that the first device of a member on this node has opened a chat, or that the last one has
   * closed it or gone. Of users who hide, nothing is published.
   */
  async viewed(userId: string, chatId: string, isOpen: boolean): Promise<void> {
    if (!isOpen) this.typing.stopNow(userId, chatId);
    if (await this.tracker.isHiding(userId)) return;
    this.bus.emit(
      isOpen ? 'chat.opened' : 'chat.closed',
      { chatId, userId, audience: audiences.viewers(chatId, [userId]) },
      { scope: 'cluster' },
    );
  }
}
