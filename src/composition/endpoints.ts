import type { Dialects } from '../api/index.js';
import { createDialects } from '../api/index.js';
import type { AnyRoute } from '../transport/http/route.js';
import { auditRoutes } from '../api/native/audit/audit.routes.js';
import { receiptCommands } from '../api/native/receipts/receipts.commands.js';
import { receiptRoutes } from '../api/native/receipts/receipts.routes.js';
import { reportRoutes } from '../api/native/reports/reports.routes.js';
import { typingCommands } from '../api/native/typing/typing.commands.js';
import { viewingCommands } from '../api/native/viewing/viewing.commands.js';
import type { AnyCommand } from '../transport/socket/command.js';
import { setDialectCommand } from '../transport/socket/set-dialect.command.js';
import type { Areas } from './areas.js';
import type { Foundation } from './foundation.js';

/** The dialects beside the native one, on the same use cases. */
export const buildDialects = ({ config, clock }: Foundation, areas: Areas): Dialects =>
  createDialects({
    admin: areas.administration.admin,
    broadcasts: areas.broadcasts.sender,
    access: areas.access,
    directChats: areas.chats.directChats,
    list: areas.chats.list,
    sender: areas.messaging.sender,
    history: areas.messaging.history,
    receipts: areas.receipts,
    typing: areas.typing,
    rooms: areas.groups.rooms,
    addresses: areas.groups.addresses,
    deletion: areas.messaging.remove,
    online: areas.groups.online,
    presence: areas.presence.see,
    chooser: areas.presence.chooser,
    clock,
    maxLength: config.messageMaxLength,
  });

/** Every REST endpoint, in the order in which paths are tried. */
export const routesOf = (areas: Areas, dialects: Dialects): AnyRoute[] => [
  ...areas.auth.routes,
  ...areas.chats.routes,
  ...areas.presence.routes,
  ...areas.media.routes({ ...areas.messaging, rooms: areas.groups.addresses }),
  ...areas.users.routes,
  ...areas.groups.routes,
  ...areas.invites.routes,
  ...areas.messaging.routes,
  ...areas.administration.routes,
  ...areas.broadcasts.routes,
  ...reportRoutes(areas.reports, areas.users.directory),
  ...auditRoutes(areas.audit, areas.users.directory),
  ...receiptRoutes(areas.receipts),
  ...areas.sync.routes,
  ...areas.live.routes,
  ...areas.search.routes,
  ...dialects.routes,
];

/** Every socket command. */
export const commandsOf = (areas: Areas, dialects: Dialects): AnyCommand[] => [
  setDialectCommand,
  ...viewingCommands,
  ...areas.messaging.commands,
  ...areas.administration.commands,
  ...areas.broadcasts.commands,
  ...receiptCommands(areas.receipts),
  ...typingCommands(areas.typing),
  ...areas.presence.commands,
  ...areas.sync.commands,
  ...areas.live.commands,
  ...dialects.commands,
];
