import { createAdminModule } from '../modules/moderation/admin.index.js';
import type { BroadcastSockets } from '../modules/broadcasts/index.js';
import { createBroadcastsModule } from '../modules/broadcasts/index.js';
import { Reports } from '../modules/moderation/reports.index.js';
import type { Conversations } from './conversations.area.js';
import type { Foundation } from './foundation.js';
import type { Messaging } from './messaging.area.js';
import type { People } from './people.area.js';

/** What admins do: accounts, messages to everybody, reports, and the record of all that. */
export const buildOversight = (
  { models, bus, clock }: Foundation,
  { users, auth, audit }: People,
  { chats }: Conversations,
  { messaging }: Messaging,
  sockets: BroadcastSockets,
) => {
  const administration = createAdminModule({
    accounts: users.accounts,
    users: users.administration,
    auth: auth.service,
    directChats: chats.directChats,
    sender: messaging.sender,
    audit,
  });
  const broadcasts = createBroadcastsModule({
    models: models.broadcasts,
    directory: users.directory,
    users: users.administration,
    audit,
    bus,
    clock,
    ...sockets,
  });
  const reports = new Reports({ reports: models.reports, seen: messaging.seen, audit, clock });
  return { administration, broadcasts, reports };
};

/** The admins' area, built. */
export type Oversight = ReturnType<typeof buildOversight>;
