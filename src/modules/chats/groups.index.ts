import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import type { Clock } from '../../shared/clock.js';
import type { AccessModels, ChatAccess, ChatEvents } from './index.js';
import type { Contacts } from './index.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { UserCard } from '../users/index.js';
import type { SystemMessages } from '../messages/index.js';
import { GroupAccess } from './group-access.js';
import { Groups } from './groups.js';
import { GroupMaking } from './group-making.js';
import { Members } from './members.js';
import { GroupOwnership } from './group-ownership.js';
import { RoomResolver } from './room-resolver.js';
import { RoomOnline } from './room-online.js';
import type { OnlineSources } from './room-online.js';
import { PublicRooms } from './rooms.js';
import { MembershipChanges } from './membership-changes.js';
import { SystemNotes } from './system-notes.js';

export type { GroupAccess } from './group-access.js';
export { refusalToManage } from './groups.policy.js';
export type { GroupChanges, Groups, NewGroup } from './groups.js';
export type { Members } from './members.js';
export type { MembershipChanges } from './membership-changes.js';
export type { SystemNotes } from './system-notes.js';
export { memberJoined } from './system-text.js';
export { RoomResolver } from './room-resolver.js';
export { RoomOnline } from './room-online.js';
export type { OnlineMember } from './room-online.js';
export { roomSlug, SLUG_MAX_LENGTH } from './room-slug.js';
export { PublicRooms } from './rooms.js';
export type { RoomsQuery, RoomView } from './rooms.js';

/** Looks up users. */
export interface UserLookup {
  exists(userId: string): Promise<boolean>;
  cards(userIds: string[]): Promise<Map<string, UserCard>>;
}

/** What the module is built from. */
export interface GroupsParts {
  models: AccessModels;
  access: ChatAccess;
  bus: Publisher<ChatEvents>;
  accessChanges: AccessChangePoster;
  sources: OnlineSources;
  contacts: Contacts;
  users: UserLookup;
  system: SystemMessages;
  newConversations: RateLimiter;
  /** Whether clients may be shown a picture from this URL. */
  isAllowedPictureUrl(url: string): boolean;
  clock: Clock;
  /** Number of a chat's newest message. */
  newestSeq(chatId: string): Promise<number>;
}

/** The groups module: groups, rooms, and their members. */
export interface GroupsModule {
  rooms: PublicRooms;
  addresses: RoomResolver;
  online: RoomOnline;
  groups: Groups;
  members: Members;
  /** For the module of invites, which changes the same memberships. */
  access: GroupAccess;
  roster: MembershipChanges;
  reports: SystemNotes;
  subscriptions: Subscription<ChatEvents>[];
}

/** Builds the groups module. */
export const createGroupsModule = (parts: GroupsParts): GroupsModule => {
  const owners = new GroupOwnership(parts);
  const roster = new MembershipChanges({ ...parts, owners });
  const rooms = new PublicRooms({ ...parts, roster });
  const addresses = new RoomResolver(rooms, parts.access);
  const online = new RoomOnline(parts.models.memberships, parts.sources);
  const forget = ({ chatId }: { chatId: string }) => {
    online.forget(chatId);
  };
  const forgetOnline = {
    phase: 'state',
    on: 'every-node',
    does: 'forgets who of the room is online',
    run: forget,
  } as const;
  const access = new GroupAccess({ ...parts, owners });
  const reports = new SystemNotes(parts.system, parts.users);
  const making = new GroupMaking({ chats: parts.models.chats, access, roster, reports });
  const groups = new Groups({ ...parts, access, making, reports });
  const members = new Members({
    memberships: parts.models.memberships,
    chatAccess: parts.access,
    access,
    roster,
    reports,
    directory: parts.users,
  });
  return {
    rooms,
    addresses,
    online,
    groups,
    members,
    access,
    roster,
    reports,
    subscriptions: [
      { event: 'members.added', ...forgetOnline },
      { event: 'members.removed', ...forgetOnline },
    ],
  };
};
