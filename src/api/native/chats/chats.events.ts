import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import { presentUserCard } from '../../shared/user-card.shapes.js';
import type { ChatEvents, ChatFacts, MembersChange } from '../../../modules/chats/index.js';

/** A chat's facts under the names that the REST shape has. */
const presentFacts = (chat: ChatFacts) => ({ chatId: chat.id, chat: { ...chat, _id: chat.id } });

const presentMembers = ({ chatId, userIds, actorId }: MembersChange) => ({
  chatId,
  userIds,
  actorId,
});

/** The events about chats, their members, and a user's own settings that native clients receive. */
export const chatRenderings: RenderingTable<ChatEvents> = {
  dialect: 'native',
  renderings: {
    'chat.created': renders(['chat_created'], ({ chat }) => [
      { event: 'chat_created', payload: presentFacts(chat) },
    ]),
    'chat.answered': renders(['chat_accepted', 'chat_rejected'], ({ chat, userId }) => [
      {
        event: chat.status === 'accepted' ? 'chat_accepted' : 'chat_rejected',
        payload: { ...presentFacts(chat), userId },
      },
    ]),
    'chat.updated': renders(['chat_updated'], ({ chat }) => [
      { event: 'chat_updated', payload: presentFacts(chat) },
    ]),
    'members.added': renders(['members_added'], (event) => [
      { event: 'members_added', payload: presentMembers(event) },
    ]),
    'members.removed': renders(['members_removed'], (event) => [
      { event: 'members_removed', payload: presentMembers(event) },
    ]),
    'member.role_changed': renders(['member_role_changed'], ({ chatId, userId, role, actorId }) => [
      { event: 'member_role_changed', payload: { chatId, userId, role, actorId } },
    ]),
    'invite.created': renders(['invite_received'], ({ code, chat, invitedBy, expiresAt }) => [
      {
        event: 'invite_received',
        payload: {
          ...presentFacts(chat),
          code,
          invitedBy: invitedBy ? presentUserCard(invitedBy) : null,
          expiresAt,
        },
      },
    ]),
    'join.requested': renders(['join_requested'], ({ chatId, user, at }) => [
      {
        event: 'join_requested',
        payload: { chatId, user: presentUserCard(user), requestedAt: at },
      },
    ]),
    'join.request_ended': renders(['join_request_ended'], ({ chatId, userId, outcome }) => [
      { event: 'join_request_ended', payload: { chatId, userId, outcome } },
    ]),
    'block.changed': renders(['block_changed'], ({ blockedId, blocked }) => [
      { event: 'block_changed', payload: { userId: blockedId, blocked } },
    ]),
    'chat.settings_changed': renders(['chat_settings_changed'], ({ chatId }) => [
      { event: 'chat_settings_changed', payload: { chatId } },
    ]),
    'chat.cleared': renders(['chat_deleted'], ({ chatId, seq }) => [
      { event: 'chat_deleted', payload: { chatId, clearedSeq: seq } },
    ]),
  },
};
