import type { ForClients } from '../../shared/audience.js';
import type { Metadata } from '../../shared/metadata.js';
import type { UserCard } from '../users/index.js';
import type { ChatKind, ChatStatus, JoinMode } from './chat.model.js';
import { joinModeOf } from './chats.policy.js';
import type { ChatRecord } from './chats.repository.js';
import type { MemberRole } from './membership.model.js';
import type { SanctionKind, SanctionRecord } from './sanctions.repository.js';

/** The facts of a chat that listeners need; plain JSON. */
export interface ChatFacts {
  id: string;
  kind: ChatKind;
  status: ChatStatus;
  initiator: string;
  slug: string | null;
  name: string | null;
  description: string | null;
  /** URL. */
  picture: string | null;
  /** The id that the chat has elsewhere; absent where it has none. */
  externalId?: string;
  /** Absent where there are none. */
  metadata?: Metadata;
  /** Seconds that a plain member waits between two messages; 0: none. */
  slowModeSeconds: number;
  /** Whether only owners, admins and moderators post. */
  onlyModeratorsPost: boolean;
  /** How people come in. */
  joinMode: JoinMode;
}

/** A sanction, as the person learns of it; times are ISO times. */
export interface SanctionFacts {
  id: string;
  kind: SanctionKind;
  /** Null: on the whole server. */
  chatId: string | null;
  userId: string;
  reason: string;
  /** Null: until somebody lifts it. */
  until: string | null;
  createdAt: string;
}

/** The facts of a stored sanction. */
export const sanctionFacts = (sanction: SanctionRecord): SanctionFacts => ({
  id: sanction._id.toHexString(),
  kind: sanction.kind,
  chatId: sanction.chatId?.toHexString() ?? null,
  userId: sanction.userId.toHexString(),
  reason: sanction.reason,
  until: sanction.until?.toISOString() ?? null,
  createdAt: sanction.createdAt.toISOString(),
});

/** The facts of a stored chat. */
export const chatFacts = (chat: ChatRecord): ChatFacts => ({
  id: chat._id.toHexString(),
  kind: chat.kind,
  status: chat.status,
  initiator: chat.initiator.toHexString(),
  slug: chat.slug ?? null,
  name: chat.name ?? null,
  description: chat.description ?? null,
  picture: chat.picture ?? null,
  ...(chat.externalId !== undefined && { externalId: chat.externalId }),
  ...(chat.metadata && { metadata: chat.metadata }),
  slowModeSeconds: chat.slowModeSeconds ?? 0,
  onlyModeratorsPost: chat.onlyModeratorsPost ?? false,
  joinMode: joinModeOf(chat),
});

/** Who has joined or left a chat. */
export interface MembersChange extends ForClients {
  chatId: string;
  userIds: string[];
  /**
   * Who has done it; null where a node found the change in the database, which does not record who made it.
   */
  actorId: string | null;
}

/** The domain events of chats and memberships. */
export interface ChatEvents {
  /** A chat exists that did not before; `memberIds` are its first members. */
  'chat.created': ForClients & { chat: ChatFacts; memberIds: string[] };
  /** A pending chat was accepted or rejected by `userId`. */
  'chat.answered': ForClients & { chat: ChatFacts; userId: string };
  /** Something that others can see of the chat has changed. */
  'chat.updated': ForClients & { chat: ChatFacts };
  /** Users have become members; their sockets join the chat's channel. */
  'members.added': MembersChange;
  /**
   * Users are no longer members; their sockets leave at once. The audience is the remaining members and the
   * removed ones.
   */
  'members.removed': MembersChange;
  /** A member's role has changed. */
  'member.role_changed': ForClients & {
    chatId: string;
    userId: string;
    role: MemberRole;
    actorId: string;
  };
  /** Somebody is silenced or banned, in a chat or on the server; only they are notified. */
  'member.sanctioned': ForClients & SanctionFacts;
  /** A sanction was lifted before its end; only the person is notified. */
  'member.sanction_lifted': ForClients & SanctionFacts;
  /**
   * Somebody is invited to a group or room; only they are notified. `expiresAt` is an ISO time, `invitedBy`
   * missing when the account is gone.
   */
  'invite.created': ForClients & {
    code: string;
    chat: ChatFacts;
    invitedBy: UserCard | undefined;
    expiresAt: string;
  };
  /** Somebody asks to be let into a room; those who manage its members are notified. `at` is an ISO time. */
  'join.requested': ForClients & { chatId: string; user: UserCard; at: string };
  /** Such a request has ended; they and its sender are notified. */
  'join.request_ended': ForClients & {
    chatId: string;
    userId: string;
    outcome: 'accepted' | 'rejected' | 'withdrawn';
  };
  /** A member has changed something about the chat that only they see; their devices are notified. */
  'chat.settings_changed': ForClients & { chatId: string; userId: string };
  /** A member has deleted the chat and its history up to `seq` for themselves. */
  'chat.cleared': ForClients & { chatId: string; userId: string; seq: number };
  /**
   * One of two people has blocked or unblocked the other; cached decisions about them are out of date. Only
   * the devices of the one who did it are notified.
   */
  'block.changed': ForClients & { blockerId: string; blockedId: string; blocked: boolean };
}
