import type { Publisher } from '../../platform/event-bus.js';
import { SYSTEM_USER_ID } from '../../shared/actor.js';
import { audiences } from '../../shared/audience.js';
import { notFound } from '../../shared/errors.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { ChatEvents } from './chats.events.js';
import type { ChatsRepository } from './chats.repository.js';
import type { MemberRolesRepository } from './member-roles.repository.js';

/** Memberships that end together. */
const AT_ONCE = 200;

/**
 * Removes chats for everybody. All memberships end first, so that nobody is in a chat whose messages are gone; the
 * chat itself goes last, so that a removal that was interrupted can be repeated.
 */
export class ChatRemoval {
  constructor(
    private readonly deps: {
      chats: Pick<ChatsRepository, 'find' | 'remove'>;
      roles: Pick<MemberRolesRepository, 'removeByIds' | 'some'>;
      bus: Publisher<ChatEvents>;
      accessChanges: AccessChangePoster;
    },
  ) {}

  /**
   * Removes a chat, its memberships and its messages.
   *
   * @param eraseMessages removes the messages of the chat.
   * @throws {AppError} NOT_FOUND
   */
  async remove(chatId: string, eraseMessages: (chatId: string) => Promise<void>): Promise<void> {
    const { accessChanges, chats } = this.deps;
    if (!(await chats.find(chatId))) throw notFound('Chat');
    await this.endMemberships(chatId);
    await eraseMessages(chatId);
    // Nobody's access changes any more, but the nodes must forget the chat itself and the names that lead to it.
    await accessChanges.post([{ kind: 'member', userId: SYSTEM_USER_ID, chatId }]);
    await chats.remove(chatId);
    // Somebody may have joined a public room meanwhile.
    await this.endMemberships(chatId);
  }

  private async endMemberships(chatId: string): Promise<void> {
    const { accessChanges, bus, roles } = this.deps;
    for (;;) {
      const members = await roles.some(chatId, AT_ONCE);
      if (members.length === 0) return;
      const userIds = members.map(({ userId }) => userId.toHexString());
      await accessChanges.post(userIds.map((userId) => ({ kind: 'member', userId, chatId })));
      await roles.removeByIds(members.map(({ _id }) => _id));
      bus.emit(
        'members.removed',
        {
          chatId,
          userIds,
          actorId: SYSTEM_USER_ID,
          audience: audiences.chatAnd(chatId, userIds),
        },
        { scope: 'cluster' },
      );
    }
  }
}
