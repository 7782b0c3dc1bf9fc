import type { Connection } from 'mongoose';
import { Blocks } from './blocks.js';
import type { BlocksParts } from './blocks.js';
import { defineBlockModel } from './block.model.js';
import type { AccessModels } from './chat-access.js';
import { ChatArchive } from './chat-archive.js';
import type { AuditLog } from './chat-archive.js';
import { ChatList } from './chat-list.js';
import type { ChatViewSources } from './chat-list.js';
import { ChatSettings } from './chat-settings.js';
import { defineChatModel } from './chat.model.js';
import { DirectChats } from './direct-chats.js';
import type { DirectChatsParts } from './direct-chats.js';
import { defineMembershipModel } from './membership.model.js';

export { BlocksRepository } from './blocks.repository.js';
export type { BlockRecord } from './blocks.repository.js';
export { ChatsRepository } from './chats.repository.js';
export type { ChatRecord } from './chats.repository.js';
export { InvitesRepository } from './invites.repository.js';
export type { InviteRecord } from './invites.repository.js';
export { MembershipsRepository } from './memberships.repository.js';
export type { MembershipPair, MembershipRecord } from './memberships.repository.js';
export type { Blocks, BlockedUser } from './blocks.js';
export type { AuditLog, ChatArchive } from './chat-archive.js';
export type { ChatSettings, SettingChanges } from './chat-settings.js';
export { Contacts } from './contacts.js';
export { ChatAccess, LARGE_CHAT_MEMBERS } from './chat-access.js';
export type { AccessModels, ChatAccessGrant, ChatSnapshot } from './chat-access.js';
export type { ChatViewSources, RequestsQuery, UnreadQuery } from './chat-list.js';
export type {
  ChatDoc,
  ChatKind,
  ChatStatus,
  LastMessage,
  OwnerLoss,
  PendingOwnerLoss,
} from './chat.model.js';
export type { BlockDoc } from './block.model.js';
export { isArchived, isHidden, isMuted, readSeqOf } from './chat.view.js';
export type { ChatState, ChatView, PresenceState, ViewMember } from './chat.view.js';
export type { ChatEvents, ChatFacts, MembersChange } from './chats.events.js';
export { chatFacts } from './chat-facts.js';
export { canShareSignals, refusalToPost } from './chats.policy.js';
export { DirectChats } from './direct-chats.js';
export { NEW_MEMBERSHIP } from './memberships.repository.js';
export type { Opening } from './direct-chats.js';
export { ChatList } from './chat-list.js';
export type { MemberRole, MembershipDoc } from './membership.model.js';
export { ChatsRepository } from './chats.repository.js';
export { MembershipsRepository } from './memberships.repository.js';

/** Registers the collections of this module. */
export const defineChatModels = (connection: Connection): AccessModels => ({
  chats: defineChatModel(connection),
  memberships: defineMembershipModel(connection),
  blocks: defineBlockModel(connection),
});

/** What the module is built from. */
export interface ChatsParts extends Omit<DirectChatsParts, 'users'> {
  users: BlocksParts['users'];
  sources: ChatViewSources;
  audit: AuditLog;
  /** Number of a chat's newest message. */
  newestSeq(chatId: string): Promise<number>;
}

/** The chats module: its use cases. */
export interface ChatsModule {
  directChats: DirectChats;
  list: ChatList;
  archive: ChatArchive;
  settings: ChatSettings;
  blocks: Blocks;
}

/** Builds the chats module. */
export const createChatsModule = (parts: ChatsParts): ChatsModule => {
  const { clock, models, sources } = parts;
  const directChats = new DirectChats(parts);
  const blocks = new Blocks(parts);
  const settings = new ChatSettings(parts);
  const list = new ChatList(models, sources, clock);
  const archive = new ChatArchive({
    ...parts,
    list,
    settlePreviews: () => sources.settlePreviews(),
  });
  return { directChats, list, archive, settings, blocks };
};
