import type { Api } from '../shared/api.js';
import type { UseCases } from '../shared/use-cases.js';
import { V0Calls } from './v0.calls.js';
import type { V0Events } from './v0.events.js';
import { v0Renderings } from './v0.events.js';
import { v0Events } from './v0.events.schemas.js';
import { v0Commands } from './v0.commands.js';
import { v0AdminRoutes } from './v0-admin.routes.js';
import { v0PresenceRoutes } from './v0-presence.routes.js';
import { v0ConversationRoutes, v0MessageRoutes } from './v0.routes.js';

export type { V0Events } from './v0.events.js';

/** The v0 dialect: `/api/v0/chat/*`, and events that name people. */
export const createV0Dialect = (services: UseCases): Api<V0Events> => {
  const calls = new V0Calls(services);
  return {
    routes: [
      ...v0ConversationRoutes(calls, services),
      ...v0MessageRoutes(calls, services),
      ...v0PresenceRoutes(services),
      ...v0AdminRoutes(services),
    ],
    commands: v0Commands(calls, services),
    events: [v0Renderings],
    serverEvents: v0Events,
  };
};
