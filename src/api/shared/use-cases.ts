import type {
  BroadcastInbox,
  BroadcastStatistics,
  Broadcasts,
} from '../../modules/broadcasts/index.js';
import type {
  Blocks,
  ChatAccess,
  ChatArchive,
  ChatList,
  ChatSettings,
  DirectChats,
  Groups,
  Invites,
  JoinRequests,
  PersonalInvites,
  Members,
  PublicRooms,
  RoomOnline,
  RoomResolver,
} from '../../modules/chats/index.js';
import type { HostLive, LiveTalk, WatchLive } from '../../modules/live/index.js';
import type { MediaApi, SharedFiles } from '../../modules/media/index.js';
import type {
  HeldMessages,
  HeldReview,
  MessageChanges,
  MessageHistory,
  MessageLookups,
  SendMessage,
  UnreadAt,
} from '../../modules/messages/index.js';
import type { Admin, Cases, Reports, Sanctions } from '../../modules/moderation/index.js';
import type { PresenceReader, StatusChooser, Typing } from '../../modules/presence/index.js';
import type { Receipts } from '../../modules/receipts/index.js';
import type { MetadataSearch, Search } from '../../modules/search/index.js';
import type { ServerChats, ServerMessages, ServerUsers } from '../../modules/server-calls/index.js';
import type { ServerKeys } from '../../modules/server-keys/index.js';
import type { Stars } from '../../modules/stars/index.js';
import type { Sync } from '../../modules/sync/index.js';
import type {
  AuditTrail,
  EmailAddresses,
  ForeignAccess,
  OwnAccount,
  PasswordReset,
  Profiles,
  Registration,
  RegistrationInvites,
  SignIn,
  TwoFactor,
  UserAdministration,
  UserDirectory,
} from '../../modules/users/index.js';
import type { Webhooks } from '../../modules/webhooks/index.js';
import type { Authenticator } from '../../shared/authenticator.js';
import type { WordRules } from '../../modules/word-filter/index.js';
import type { Clock } from '../../shared/clock.js';
import type { MetadataIndexes } from '../../shared/metadata.js';

/** The use cases of the modules, which the dialects call, and the settings that their schemas need. */
export interface UseCases {
  auth: SignIn;
  authenticator: Authenticator;
  registration: Registration;
  registrationInvites: RegistrationInvites;
  passwordReset: PasswordReset;
  emailAddresses: EmailAddresses;
  twoFactor: TwoFactor;
  ownAccount: OwnAccount;
  foreign: ForeignAccess;
  users: Profiles;
  directory: UserDirectory;
  administration: UserAdministration;
  audit: AuditTrail;
  serverKeys: ServerKeys;
  serverUsers: ServerUsers;
  serverChats: ServerChats;
  serverMessages: ServerMessages;
  access: ChatAccess;
  directChats: DirectChats;
  list: ChatList;
  archive: ChatArchive;
  settings: ChatSettings;
  blocks: Blocks;
  groups: Groups;
  members: Members;
  rooms: PublicRooms;
  /** Finds the chat that a `room` names. */
  roomResolver: RoomResolver;
  online: RoomOnline;
  invites: Invites;
  personalInvites: PersonalInvites;
  joinRequests: JoinRequests;
  sending: SendMessage;
  heldMessages: HeldMessages;
  heldReview: HeldReview;
  wordRules: WordRules;
  messageChanges: MessageChanges;
  history: MessageHistory;
  lookups: MessageLookups;
  stars: Stars;
  unreadAt: UnreadAt;
  receipts: Receipts;
  typing: Typing;
  presence: PresenceReader;
  chooser: StatusChooser;
  sync: Sync;
  search: Search;
  metadataSearch: MetadataSearch;
  media: MediaApi;
  sharedFiles: SharedFiles;
  broadcasts: Broadcasts;
  inbox: BroadcastInbox;
  statistics: BroadcastStatistics;
  live: LiveUseCases;
  admin: Admin;
  reports: Reports;
  cases: Cases;
  sanctions: Sanctions;
  webhooks: Webhooks;
  clock: Clock;
  /** The keys of metadata by whose value one may search. */
  metadataIndexes: MetadataIndexes;
  /** Longest text of a message in characters. */
  maxLength: number;
  /** Shortest new password in characters. */
  passwordMinLength: number;
}

/** The use cases of live streams. */
export interface LiveUseCases {
  host: HostLive;
  watch: WatchLive;
  talk: LiveTalk;
}
