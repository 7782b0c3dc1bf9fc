import type { AnyRoute } from '../../transport/http/route.js';
import type { AnyCommand } from '../../transport/socket/command.js';
import type { DialectServices } from '../dialect-services.js';
import { V0Calls } from './v0.calls.js';
import { v0Commands } from './v0.commands.js';
import { v0AdminRoutes } from './v0-admin.routes.js';
import { v0PresenceRoutes } from './v0-presence.routes.js';
import { v0ConversationRoutes, v0MessageRoutes } from './v0.routes.js';

export { v0Renderings } from './v0.events.js';
export type { V0Events } from './v0.events.js';

/** The v0 dialect: `/api/v0/chat/*`, and events that name people. */
export const createV0Dialect = (
  services: DialectServices,
): { routes: AnyRoute[]; commands: AnyCommand[] } => {
  const calls = new V0Calls(services);
  return {
    routes: [
      ...v0ConversationRoutes(calls, services),
      ...v0MessageRoutes(calls, services),
      ...v0PresenceRoutes(services),
      ...v0AdminRoutes(services),
    ],
    commands: v0Commands(calls, services),
  };
};
