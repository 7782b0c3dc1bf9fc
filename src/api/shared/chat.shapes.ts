import type { Pagination } from '../../shared/pagination.js';
import { presentUserCard } from './user-card.shapes.js';
import type { ChatView, PresenceState, LastMessage } from '../../modules/chats/index.js';
import { isArchived, joinModeOf, readSeqOf } from '../../modules/chats/index.js';

/** Presence, under all names that clients read. */
export const presentPresence = (presence: PresenceState) => ({
  status: presence.status,
  isOnline: presence.status !== 'offline',
  lastSeen: presence.lastSeen,
});

/** The newest message as lists show it. */
export const presentLastMessage = (message: LastMessage) => ({
  id: message.id.toHexString(),
  _id: message.id.toHexString(),
  seq: message.seq,
  senderId: message.senderId.toHexString(),
  messageType: message.messageType,
  content: message.content,
  deleted: message.deleted,
  createdAt: message.createdAt.toISOString(),
});

/** A chat, as one of its members, or an admin of the system, sees it at a time (milliseconds). */
export const presentChat = (view: ChatView, now: number) => {
  const { chat, membership } = view;
  const id = chat._id.toHexString();
  const participants = view.members.map(({ card, role, presence }) => ({
    ...presentUserCard(card),
    role,
    ...presentPresence(presence),
  }));
  const other = participants.find((person) => person.id !== view.viewerId) ?? null;
  const isCleared = chat.lastMessage !== null && chat.lastMessage.seq <= membership.clearedSeq;
  return {
    id,
    _id: id,
    kind: chat.kind,
    isGroup: chat.kind !== 'direct',
    status: chat.status,
    initiator: chat.initiator.toHexString(),
    name: chat.name ?? null,
    slug: chat.slug ?? null,
    description: chat.description ?? null,
    picture: chat.picture ?? null,
    ...(chat.externalId !== undefined && { externalId: chat.externalId }),
    ...(chat.metadata && { metadata: chat.metadata }),
    ...(membership.metadata && { memberMetadata: membership.metadata }),
    slowModeSeconds: chat.slowModeSeconds ?? 0,
    onlyModeratorsPost: chat.onlyModeratorsPost ?? false,
    joinMode: joinModeOf(chat),
    participants,
    otherUser: chat.kind === 'direct' && view.isMember ? other : null,
    memberCount: view.memberCount,
    role: view.isMember ? membership.role : null,
    lastMessage: chat.lastMessage && !isCleared ? presentLastMessage(chat.lastMessage) : null,
    lastMessageAt: chat.lastMessageAt.toISOString(),
    lastSeq: chat.lastSeq,
    lastReadSeq: readSeqOf(membership),
    unreadCount: view.unreadCount,
    mentionCount: view.mentionCount,
    isArchived: isArchived(chat, membership, now),
    isPinned: membership.pinnedAt !== null,
    isMarkedUnread: membership.markedUnread,
    mutedUntil: membership.mutedUntil?.toISOString() ?? null,
    isBlocked: view.isBlocked,
    createdAt: chat.createdAt.toISOString(),
    updatedAt: chat.updatedAt.toISOString(),
  };
};

/** A page of chats, as {@link presentChat} shows each. */
export const presentChatPage = (
  { views, pagination }: { views: ChatView[]; pagination: Pagination },
  now: number,
) => ({ data: views.map((view) => presentChat(view, now)), pagination });
