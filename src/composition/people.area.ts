import { AuditTrail } from '../modules/users/audit.index.js';
import { createAuthModule } from '../modules/users/auth.index.js';
import {
  ChatAccess,
  ChatsRepository,
  Contacts,
  MembershipsRepository,
} from '../modules/chats/index.js';
import { createPresence } from '../modules/presence/index.js';
import { createUsersModule } from '../modules/users/index.js';
import type { Foundation } from './foundation.js';
import { HOUR, MINUTE } from './intervals.js';

/** Who there is: accounts, logins, who may meet whom, who is there, and the record of what admins did. */
export const buildPeople = (foundation: Foundation) => {
  const { config, models, bus, clock, limiter, database, accessChanges, redis } = foundation;
  const { connection } = database;
  const access = new ChatAccess(models.chats, redis === undefined);
  const contacts = new Contacts(models.chats);
  const users = createUsersModule({ config, connection, bus, clock, contacts, accessChanges });
  const auth = createAuthModule({
    ...foundation,
    connection,
    accounts: users.accounts,
    limits: {
      signUps: limiter('register', config.rateLimitRegisterPerHour, HOUR),
      refusals: limiter('auth', config.rateLimitAuthPer15Min, 15 * MINUTE),
      wrongPasswords: limiter('login-failures', config.rateLimitLoginFailuresPerHour, HOUR),
    },
  });
  const presence = createPresence({
    ...foundation,
    contacts,
    chats: new ChatsRepository(models.chats.chats),
    memberships: new MembershipsRepository(models.chats.memberships),
    access,
    directory: users.directory,
  });
  return {
    access,
    contacts,
    users,
    auth,
    presence,
    audit: new AuditTrail(models.audits, clock, foundation.logger),
  };
};

/** The people's area, built. */
export type People = ReturnType<typeof buildPeople>;
