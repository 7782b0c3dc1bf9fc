import type { AnyRoute } from '../transport/http/route.js';
import type { AnyCommand } from '../transport/socket/command.js';
import type { RenderingTable } from '../transport/socket/rendering.js';
import type { ConversationEvents } from './conversation/index.js';
import { conversationRenderings, createConversationDialect } from './conversation/index.js';
import type { DialectServices } from './dialect-services.js';
import type { RoomEvents } from './room/index.js';
import { createRoomDialect } from './room/index.js';
import type { V0Events } from './v0/index.js';
import { createV0Dialect, v0Renderings } from './v0/index.js';

export type { DialectServices } from './dialect-services.js';

/** The dialects beside the native one, built. */
export interface Dialects {
  routes: AnyRoute[];
  commands: AnyCommand[];
  renderings: RenderingTable<ConversationEvents & RoomEvents & V0Events>[];
}

/** Builds the dialects beside the native one: translations onto the same services. */
export const createDialects = (services: DialectServices): Dialects => {
  const v0 = createV0Dialect(services);
  const conversation = createConversationDialect(services);
  const room = createRoomDialect(services);
  return {
    routes: [...v0.routes, ...conversation.routes],
    commands: [...v0.commands, ...conversation.commands, ...room.commands],
    renderings: [v0Renderings, conversationRenderings, room.renderings],
  };
};
