import type { Connection } from 'mongoose';
import type { Config } from '../../config/index.js';
import type { Freshness } from '../../platform/cached-lookup.js';
import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { Job } from '../../platform/jobs.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import type { Actor } from '../../shared/actor.js';
import type { NameFilter } from '../../shared/name-filter.js';
import type { Clock } from '../../shared/clock.js';
import { externalUrlPolicy } from '../../shared/external-url.js';
import type { AccessChangeEvents, AccessChangePoster } from '../access-changes/index.js';
import type { UserCard, UserEvents } from '../users/index.js';
import { defineBlockModel, BlocksRepository } from './blocks.repository.js';
import { BlockedUsers } from './blocked-users.js';
import { Blocks } from './blocks.js';
import { ChatAccess } from './chat-access.js';
import { ChatJoinsRepository } from './chat-joins.repository.js';
import { ChatEnforcement } from './chat-enforcement.js';
import type { AuditLog, ChatViewSources } from './chat-list.js';
import { ChatArchive, ChatList } from './chat-list.js';
import { ChatRemoval } from './chat-removal.js';
import { ChatSettings } from './chat-settings.js';
import type { PresenceState } from './chat-view.js';
import { ChatStates } from './chat-view.js';
import { defineChatModel } from './chat.model.js';
import type { ChatEvents } from './chats.events.js';
import { ChatsRepository } from './chats.repository.js';
import { Contacts } from './contacts.js';
import { DirectChats } from './direct-chats.js';
import { GroupAccess } from './group-access.js';
import type { OpenAccounts } from './group-ownership.js';
import { GroupOwnership } from './group-ownership.js';
import { Groups } from './groups.js';
import { defineInviteModel, InvitesRepository } from './invites.repository.js';
import { Invites } from './invites.js';
import { JoinRequests } from './join-requests.js';
import { defineJoinRequestModel, JoinRequestsRepository } from './join-requests.repository.js';
import { Members, MembershipChanges } from './members.js';
import { defineMembershipModel } from './membership.model.js';
import { MemberPositionsRepository } from './member-positions.repository.js';
import { MemberRolesRepository } from './member-roles.repository.js';
import { MembershipsRepository } from './memberships.repository.js';
import { PersonalInvites } from './personal-invites.js';
import { RoomOnline, PublicRooms, RoomResolver } from './rooms.js';
import { defineSanctionModel, SanctionsRepository } from './sanctions.repository.js';
import type { SystemLog } from './system-text.js';
import { GroupLog } from './system-text.js';

export type { BlockedUser, Blocks } from './blocks.js';
export { BlocksRepository } from './blocks.repository.js';
export type { BlockRecord } from './blocks.repository.js';
export { ChatAccess } from './chat-access.js';
export type { ChatAccessGrant, ChatSnapshot } from './chat-access.js';
export type {
  AuditLog,
  ChatArchive,
  ChatList,
  ChatViewSources,
  ChatsQuery,
  RequestsQuery,
  UnreadQuery,
} from './chat-list.js';
export type { ChatRemoval } from './chat-removal.js';
export type { ChatSettings, SettingChanges } from './chat-settings.js';
export { LARGE_CHAT_MEMBERS } from './chat-access.js';
export { isArchived, readSeqOf } from './chat-view.js';
export type { ChatState, ChatView, MemberRows, PresenceState, ViewMember } from './chat-view.js';
export { JOIN_MODES } from './chat.model.js';
export type { ChatKind, ChatStatus, JoinMode, LastMessage } from './chat.model.js';
export type { ChatEnforcement } from './chat-enforcement.js';
export { sanctionFacts } from './chats.events.js';
export type { ChatEvents, ChatFacts, MembersChange, SanctionFacts } from './chats.events.js';
export {
  canShareSignals,
  hasAgreed,
  hasAnswered,
  joinModeOf,
  refusalToModerate,
  refusalToOversee,
  refusalToPost,
  refusalToSend,
  refusalToWrite,
  silenced,
} from './chats.policy.js';
export type { AppliedSanction, ChatRole } from './chats.policy.js';
export { ChatsRepository } from './chats.repository.js';
export type { ChatFilter, ChatRecord, DirectChatRecord } from './chats.repository.js';
export type { PersonalInvites, ReceivedInvite } from './personal-invites.js';
export { NO_BLOCKS } from './blocked-users.js';
export type { UserBlocks } from './blocked-users.js';
export { hiddenFrom } from './contacts.js';
export type { Contacts } from './contacts.js';
export type { DirectChats, Opening } from './direct-chats.js';
export type { GroupChanges, Groups, NewGroup } from './groups.js';
export type { Invites, InviteTerms } from './invites.js';
export type { JoinRequests } from './join-requests.js';
export { InvitesRepository } from './invites.repository.js';
export type { InviteRecord } from './invites.repository.js';
export type { Members, MemberView } from './members.js';
export { MEMBER_ROLES } from './membership.model.js';
export type { MemberRole } from './membership.model.js';
export { MemberPositionsRepository } from './member-positions.repository.js';
export type { MemberPositionRow } from './member-positions.repository.js';
export { MembershipsRepository } from './memberships.repository.js';
export type { Departure, MembershipPair, MembershipRecord } from './memberships.repository.js';
export type {
  OnlineMember,
  RoomOnline,
  PublicRooms,
  RoomResolver,
  RoomsQuery,
  RoomView,
} from './rooms.js';
export { SLUG_MAX_LENGTH } from './room-slugs.js';
export { SANCTION_KINDS, SERVER_SANCTION_KINDS } from './sanctions.repository.js';
export type { SanctionKind, SanctionRecord, SanctionsRepository } from './sanctions.repository.js';
export { SlowMode } from './slow-mode.js';
export type { SystemFacts, SystemLog } from './system-text.js';

/** Registers the module's models on a connection. */
export const defineChatModels = (connection: Connection): void => {
  defineChatModel(connection);
  defineMembershipModel(connection);
  defineBlockModel(connection);
  defineInviteModel(connection);
  defineSanctionModel(connection);
  defineJoinRequestModel(connection);
};

/** How often the silences on the server are read anew, in milliseconds. */
const SILENCES_MS = 20_000;

/** Memberships and contacts, which other modules need before the use cases of chats are built. */
export interface ChatAccessModule {
  access: ChatAccess;
  contacts: Contacts;
  chats: ChatsRepository;
  memberships: MembershipsRepository;
  positions: MemberPositionsRepository;
  blocks: BlocksRepository;
  sanctions: SanctionsRepository;
  joins: ChatJoinsRepository;
  /** Between whom there are blocks. */
  blocked: BlockedUsers;
  jobs: Job[];
  start(): Promise<void>;
  subscriptions: Subscription<ChatEvents & AccessChangeEvents>[];
}

/**
 * Builds the early part of the module.
 *
 * @param deps `connection` has the module's models.
 */
export const createChatAccess = ({
  connection,
  clock,
  accessChanges,
  freshness,
  hasWritten,
}: {
  connection: Connection;
  clock: Clock;
  accessChanges: AccessChangePoster;
  /** Confirms what is cached of chats. */
  freshness: Freshness;
  /** Whether a user has ever written in a chat. */
  hasWritten(chatId: string, userId: string): Promise<boolean>;
}): ChatAccessModule => {
  const chats = new ChatsRepository(connection);
  const memberships = new MembershipsRepository(connection);
  const blocks = new BlocksRepository(connection);
  const sanctions = new SanctionsRepository(connection);
  const joins = new ChatJoinsRepository(connection);
  const blocked = new BlockedUsers(blocks, freshness);
  const access = new ChatAccess({
    chats,
    joins,
    memberships,
    blocks,
    sanctions,
    clock,
    accessChanges,
    freshness,
  });
  const contacts = new Contacts(chats, memberships, blocked, hasWritten);
  return {
    access,
    contacts,
    chats,
    memberships,
    positions: new MemberPositionsRepository(connection),
    blocks,
    sanctions,
    joins,
    blocked,
    subscriptions: [...access.subscriptions, ...blocked.subscriptions],
    start: () => access.sanctions.load(),
    jobs: [
      {
        name: 'silences on the server',
        everyMs: SILENCES_MS,
        run: () => access.sanctions.load(),
      },
    ],
  };
};

/** The use cases of chats, groups, rooms and invites. */
export interface ChatsModule {
  api: {
    directChats: DirectChats;
    list: ChatList;
    archive: ChatArchive;
    settings: ChatSettings;
    blocks: Blocks;
    groups: Groups;
    members: Members;
    rooms: PublicRooms;
    roomResolver: RoomResolver;
    online: RoomOnline;
    invites: Invites;
    personalInvites: PersonalInvites;
    joinRequests: JoinRequests;
    removal: ChatRemoval;
    /** What sanctions need of chats. */
    enforcement: ChatEnforcement;
  };
  subscriptions: Subscription<
    ChatEvents & AccessChangeEvents & Pick<UserEvents, 'user.deactivated'>
  >[];
  /** Gives rooms of older versions their names, and makes the room that is there from the start. */
  start(): Promise<void>;
}

/** Builds the use cases on the early part of the module and on the log of messages. */
export const createChats = ({
  config,
  connection,
  bus,
  clock,
  accessChanges,
  chatAccess: {
    access,
    contacts,
    chats,
    memberships,
    positions,
    blocks,
    sanctions,
    joins,
    blocked,
  },
  directory,
  audit,
  names,
  presenceOf,
  messageLog,
  newConversations,
  mayMakeRooms,
  sentInvites,
}: {
  config: Pick<
    Config,
    'chatRequests' | 'groupAdding' | 'maxOpenInvites' | 'mediaExternalHosts' | 'presenceAudience'
  >;
  /** Has the module's models. */
  connection: Connection;
  bus: Publisher<ChatEvents>;
  clock: Clock;
  accessChanges: AccessChangePoster;
  chatAccess: ChatAccessModule;
  directory: OpenAccounts & {
    exists(userId: string): Promise<boolean>;
    card(userId: string): Promise<UserCard | undefined>;
    cards(userIds: string[]): Promise<Map<string, UserCard>>;
  };
  audit: AuditLog;
  names: NameFilter;
  presenceOf(userIds: string[]): Promise<Map<string, PresenceState>>;
  messageLog: ChatViewSources & {
    /** `newestSeq`: the number of a chat's newest message. */
    log: { newestSeq(chatId: string): Promise<number> };
    system: SystemLog;
  };
  /** Counts the chats that a user opens or makes. */
  newConversations: RateLimiter;
  /** Whether the actor may make public rooms. */
  mayMakeRooms(actor: Actor): Promise<boolean>;
  /** Counts the invites that a user sends to people they are not in touch with. */
  sentInvites: RateLimiter;
}): ChatsModule => {
  const invites = new InvitesRepository(connection);
  const newestSeq = (chatId: string) => messageLog.log.newestSeq(chatId);
  const roles = new MemberRolesRepository(connection);
  const ownership = new GroupOwnership({
    chats,
    roles,
    access,
    accounts: directory,
    bus,
    accessChanges,
    clock,
  });
  const states = new ChatStates(memberships, joins, blocked, directory, ownership);
  const list = new ChatList({
    chats,
    memberships,
    contacts,
    states,
    messageLog,
    presenceOf,
    presenceAudience: config.presenceAudience,
    clock,
  });
  const changes = new MembershipChanges({
    chats,
    memberships,
    roles,
    invites,
    ownership,
    sanctions,
    bus,
    accessChanges,
    clock,
    newestSeq,
  });
  const groupAccess = new GroupAccess({
    access,
    ownership,
    contacts,
    directory,
    groupAdding: config.groupAdding,
  });
  const personalInvites = new PersonalInvites({
    invites,
    chats,
    memberships,
    directory,
    bus,
    clock,
    sent: sentInvites,
    maxOpen: config.maxOpenInvites,
  });
  const groupLog = new GroupLog(messageLog.system, directory);
  const rooms = new PublicRooms({
    chats,
    memberships,
    changes,
    names,
    bus,
    newConversations,
    mayMakeRooms,
    clock,
  });
  const roomResolver = new RoomResolver(rooms, access);
  const online = new RoomOnline({ memberships, contacts, directory, presenceOf });
  return {
    api: {
      directChats: new DirectChats({
        chats,
        memberships,
        roles,
        blocks,
        access,
        bus,
        accessChanges,
        directory,
        newConversations,
        config,
        clock,
      }),
      list,
      archive: new ChatArchive({ chats, list, directory, audit, clock, messageLog }),
      settings: new ChatSettings({ positions, access, bus, clock, newestSeq }),
      blocks: new Blocks({ blocks, access, bus, accessChanges, directory }),
      groups: new Groups({
        chats,
        access: groupAccess,
        changes,
        personalInvites,
        rooms,
        log: groupLog,
        accessChanges,
        names,
        bus,
        newConversations,
        mayMakeRooms,
        isAllowedPictureUrl: externalUrlPolicy(config.mediaExternalHosts),
        clock,
      }),
      members: new Members({
        chats,
        memberships,
        personalInvites,
        chatAccess: access,
        access: groupAccess,
        changes,
        log: groupLog,
        directory,
      }),
      rooms,
      roomResolver,
      removal: new ChatRemoval({ chats, roles, bus, accessChanges }),
      online,
      invites: new Invites({
        invites,
        chats,
        memberships,
        access: groupAccess,
        changes,
        log: groupLog,
        clock,
      }),
      personalInvites,
      joinRequests: new JoinRequests({
        requests: new JoinRequestsRepository(connection),
        chats,
        memberships,
        roles,
        access: groupAccess,
        changes,
        roomOf: (name) => rooms.existing(name),
        directory,
        bus,
        clock,
      }),
      enforcement: new ChatEnforcement({ chats, access, groupAccess, changes, ownership }),
    },
    subscriptions: [
      ...online.subscriptions,
      ...roomResolver.subscriptions,
      {
        event: 'user.deactivated',
        phase: 'effects',
        on: 'origin',
        does: 'gives the groups that the user alone owned another owner',
        run: ({ userId }) => ownership.ensureAfter(userId),
      },
    ],
    start: async () => {
      await rooms.nameOlder();
      await rooms.ensureGeneral();
    },
  };
};
