import type { Emission, RenderingTable } from '../../realtime/rendering.js';
import { rooms } from '../../realtime/rooms.js';
import type { ChatEvents, ChatFacts } from './chats.events.js';

const toUsers = (userIds: string[], event: string, payload: object): Emission[] =>
  userIds.map((userId) => ({ audience: { room: rooms.user(userId) }, event, payload }));

const toChat = (chatId: string, event: string, payload: object): Emission => ({
  audience: { room: rooms.chat(chatId) },
  event,
  payload,
});

/** A chat's facts under the names that the REST shape has. */
const presentFacts = (chat: ChatFacts) => ({ chatId: chat.id, chat: { ...chat, _id: chat.id } });

/** How native clients hear of chats, their members, and their own settings. */
export const chatRenderings: RenderingTable<ChatEvents> = {
  dialect: 'native',
  renderings: {
    'chat.created': ({ chat, memberIds }) => toUsers(memberIds, 'chat_created', presentFacts(chat)),
    'chat.answered': ({ chat, memberIds, userId }) =>
      toUsers(memberIds, chat.status === 'accepted' ? 'chat_accepted' : 'chat_rejected', {
        ...presentFacts(chat),
        userId,
      }),
    'chat.updated': ({ chat }) => [toChat(chat.id, 'chat_updated', presentFacts(chat))],
    'members.added': (event) => [toChat(event.chatId, 'members_added', event)],
    'members.removed': (event) => [
      toChat(event.chatId, 'members_removed', event),
      // They no longer stand in the chat's room.
      ...toUsers(event.userIds, 'members_removed', event),
    ],
    'member.role_changed': (event) => [toChat(event.chatId, 'member_role_changed', event)],
    'block.changed': ({ blockerId, blockedId, blocked }) =>
      toUsers([blockerId], 'block_changed', { userId: blockedId, blocked }),
    'chat.settings_changed': ({ chatId, userId }) =>
      toUsers([userId], 'chat_settings_changed', { chatId }),
    'chat.cleared': ({ chatId, userId, seq }) =>
      toUsers([userId], 'chat_deleted', { chatId, clearedSeq: seq }),
  },
};
