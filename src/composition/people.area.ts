import { AuditTrail } from '../modules/users/audit.index.js';
import { createAuthModule } from '../modules/users/auth.index.js';
import { createChatAccess } from '../modules/chats/index.js';
import { createPresenceModule } from '../modules/presence/index.js';
import { createUsersModule } from '../modules/users/index.js';
import type { Foundation } from './foundation.js';
import { HOUR, MINUTE } from './intervals.js';

/** Who there is: accounts, logins, who may meet whom, who is there, and the record of what admins did. */
export const buildPeople = (foundation: Foundation) => {
  const { config, models, bus, clock, limiter, database, accessChanges, redis } = foundation;
  const { connection } = database;
  const chatAccess = createChatAccess({ connection, isAlone: redis === undefined });
  const { access, contacts } = chatAccess;
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
  const presence = createPresenceModule({
    ...foundation,
    models: models.chats,
    contacts,
    directory: users.directory,
  });
  return {
    chatAccess,
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
