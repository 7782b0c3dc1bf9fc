import type { AnyRoute } from '../../http/route.js';
import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import type { Clock } from '../../shared/clock.js';
import type { AccessModels, ChatAccess, ChatEvents, ChatList } from '../chats/index.js';
import type { Contacts } from '../chats/index.js';
import type { AccessChangePoster } from '../notices/index.js';
import type { UserCard } from '../users/index.js';
import type { SystemMessages } from '../messages/index.js';
import { GroupAccess } from './group-access.service.js';
import { groupRoutes } from './groups.routes.js';
import { Groups } from './groups.service.js';
import { GroupMaking } from './group-making.service.js';
import { Members } from './members.service.js';
import { GroupOwnership } from './owners.service.js';
import { RoomResolver } from './room-addresses.service.js';
import { RoomOnline } from './room-online.service.js';
import type { OnlineSources } from './room-online.service.js';
import { roomRoutes } from './rooms.routes.js';
import { PublicRooms } from './rooms.service.js';
import { MembershipChanges } from './roster.service.js';
import { SystemNotes } from './system-reports.service.js';

export type { GroupAccess } from './group-access.service.js';
export { refusalToManage } from './groups.policy.js';
export type { Groups } from './groups.service.js';
export type { Members } from './members.service.js';
export type { MembershipChanges } from './roster.service.js';
export type { SystemNotes } from './system-reports.service.js';
export { memberJoined } from './system-text.js';
export { RoomResolver } from './room-addresses.service.js';
export { RoomOnline } from './room-online.service.js';
export type { OnlineMember } from './room-online.service.js';
export { roomSlug } from './room-slug.js';
export { PublicRooms } from './rooms.service.js';
export type { RoomView } from './rooms.service.js';

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
  list: ChatList;
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
  routes: AnyRoute[];
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
    routes: [...roomRoutes({ ...parts, rooms }), ...groupRoutes({ ...parts, groups, members })],
  };
};
