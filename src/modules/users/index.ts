import type { Connection } from 'mongoose';
import type { Config } from '../../config/index.js';
import type { Publisher } from '../../platform/event-bus.js';
import type { Clock } from '../../shared/clock.js';
import { externalUrlPolicy } from '../../shared/external-url.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import { AccountService } from './account.js';
import { adminGuardModel, defineAdminGuardModel } from './admin-guard.model.js';
import { AdminGuard } from './admin-guard.js';
import { UserAdministration } from './user-administration.js';
import { UserDirectory } from './user-directory.js';
import type { UserEvents } from './users.events.js';
import { defineUserModel, userModel } from './users.model.js';
import type { ContactPolicy } from './users.policy.js';
import { UserService } from './users.js';

export type { AccountService, NewAccount, AccountStatus } from './account.js';
export type { AccountQuery, UserAdministration } from './user-administration.js';
export type { UserCard } from './user-card.js';
export type { UserDirectory } from './user-directory.js';
export type { UserEvents } from './users.events.js';
export type { UserDoc, UserStatus } from './users.model.js';
export { USER_STATUSES } from './users.model.js';
export type { ContactPolicy } from './users.policy.js';
export type { ProfileChanges, SearchQuery, UserService, VisibleProfile } from './users.js';
export {
  emailSchema,
  nameSchema,
  newPasswordSchema,
  passwordSchema,
  usernameSchema,
} from './account-fields.js';
export { toUserCard } from './user-card.js';

/** Registers the module's models on a connection. */
export const defineUserModels = (connection: Connection): void => {
  defineUserModel(connection);
  defineAdminGuardModel(connection);
};

/** What accounts alone are built from; the connection has the module's models. */
export interface AccountsDeps {
  connection: Connection;
  bus: Publisher<UserEvents>;
  clock: Clock;
  accessChanges: AccessChangePoster;
}

/** Builds the accounts, for programs that need nothing else of the module. */
export const createAccounts = ({ connection, ...parts }: AccountsDeps): AccountService =>
  new AccountService(userModel(connection), parts);

/** What the module is built from. */
export interface UsersModuleDeps {
  config: Pick<Config, 'mediaExternalHosts'>;
  /** Has the module's models. */
  connection: Connection;
  bus: Publisher<UserEvents>;
  clock: Clock;
  accessChanges: AccessChangePoster;
  contacts: ContactPolicy;
}

/** The users module, built. */
export interface UsersModule {
  /** Profiles: reading, changing, searching, `setAvatar`. */
  service: UserService;
  /** Accounts: making, finding, roles, closing. */
  accounts: AccountService;
  /** What admins do with other people's accounts. */
  administration: UserAdministration;
  /** Cards and existence, from memory where possible. */
  directory: UserDirectory;
}

/** Builds the users module. */
export const createUsersModule = (deps: UsersModuleDeps): UsersModule => {
  const { config, connection, bus, contacts } = deps;
  const users = userModel(connection);
  const isAllowedPictureUrl = externalUrlPolicy(config.mediaExternalHosts);
  const service = new UserService({ users, bus, contacts, isAllowedPictureUrl });
  const accounts = createAccounts(deps);
  return {
    service,
    accounts,
    administration: new UserAdministration(
      users,
      accounts,
      new AdminGuard(adminGuardModel(connection), users, accounts, deps.clock),
    ),
    directory: new UserDirectory(users),
  };
};
