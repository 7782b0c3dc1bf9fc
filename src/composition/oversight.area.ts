import type { BroadcastSockets } from '../modules/broadcasts/index.js';
import { createBroadcastsModule } from '../modules/broadcasts/index.js';
import { createModeration } from '../modules/moderation/index.js';
import type { Conversations } from './conversations.area.js';
import type { Foundation } from './foundation.js';
import type { Messaging } from './messaging.area.js';
import type { People } from './people.area.js';

/** What admins do: accounts, messages to everybody, reports, and the record of all that. */
export const buildOversight = (
  { database, models, bus, clock }: Foundation,
  { users }: People,
  { chats }: Conversations,
  { messaging }: Messaging,
  sockets: BroadcastSockets,
) => {
  const { administration, auth, audit, directory } = users.api;
  const moderation = createModeration({
    connection: database.connection,
    clock,
    administration,
    auth,
    audit,
    directChats: chats.directChats,
    sender: messaging.sender,
    reader: messaging.seen,
  });
  const broadcasts = createBroadcastsModule({
    models: models.broadcasts,
    directory,
    users: administration,
    audit,
    bus,
    clock,
    ...sockets,
  });
  return { moderation, broadcasts };
};

/** The admins' area, built. */
export type Oversight = ReturnType<typeof buildOversight>;
