import type { Clock } from '../../shared/clock.js';
import type { NameFilter } from '../../shared/name-filter.js';
import type {
  ChatAccess,
  ChatList,
  ChatRemoval,
  ChatsRepository,
  ChatSettings,
  DirectChats,
  Groups,
  Members,
} from '../chats/index.js';
import type { MessageChanges, MessageHistory, SendMessage } from '../messages/index.js';
import type { Admin } from '../moderation/index.js';
import type { MetadataSearch } from '../search/index.js';
import type { UsersApi } from '../users/index.js';
import { ActingForUsers, ActingRecords } from './acting.js';
import { ServerChats } from './server-chats.js';
import { ServerMessages } from './server-messages.js';
import { ServerUsers } from './server-users.js';

export { asSystem } from './acting.js';
export type { NewServerChat, ServerChats } from './server-chats.js';
export type { ServerMessages } from './server-messages.js';
export type { NewServerUser, ServerUserFields, ServerUsers, UpsertResult } from './server-users.js';

/** What servers may do under their keys. */
export interface ServerCallsApi {
  serverUsers: ServerUsers;
  serverChats: ServerChats;
  serverMessages: ServerMessages;
}

/** Builds what servers do under their keys, on the use cases of the other modules. */
export const createServerCalls = ({
  clock,
  issuer,
  revokeForeignTokens,
  names,
  users: { accounts, administration, audit, directory, mintedLogins, profiles },
  admin,
  access,
  chats,
  chatsApi: { directChats, groups, list, members, removal, settings },
  messages: { erase, history, messageChanges, sending },
  metadataSearch,
}: {
  clock: Clock;
  /** Whose the external ids of users are: the only configured issuer, or ''. */
  issuer: string;
  /** Ends what a configured issuer's tokens allow a user. */
  revokeForeignTokens(userId: string): Promise<void>;
  names: NameFilter;
  users: UsersApi;
  admin: Admin;
  access: ChatAccess;
  chats: ChatsRepository;
  chatsApi: {
    directChats: DirectChats;
    groups: Groups;
    list: ChatList;
    members: Members;
    removal: ChatRemoval;
    settings: ChatSettings;
  };
  messages: {
    erase(chatId: string): Promise<void>;
    history: MessageHistory;
    messageChanges: MessageChanges;
    sending: SendMessage;
  };
  metadataSearch: MetadataSearch;
}): { api: ServerCallsApi } => {
  const records = new ActingRecords(audit, clock);
  return {
    api: {
      serverUsers: new ServerUsers({
        accounts,
        profiles,
        names,
        administration,
        admin,
        mintedLogins,
        records,
        issuer,
        revokeForeignTokens,
      }),
      serverChats: new ServerChats({
        chats,
        directChats,
        groups,
        members,
        settings,
        list,
        removal,
        eraseMessages: erase,
        directory,
        audit,
      }),
      serverMessages: new ServerMessages({
        acting: new ActingForUsers(records, accounts),
        records,
        access,
        sending,
        changes: messageChanges,
        history,
        search: metadataSearch,
      }),
    },
  };
};
