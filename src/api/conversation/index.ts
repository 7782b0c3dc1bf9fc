import type { AnyRoute } from '../../transport/http/route.js';
import type { AnyCommand } from '../../transport/socket/command.js';
import type { DialectServices } from '../dialect-services.js';
import { ConversationCalls } from './conversation.calls.js';
import { conversationCommands, conversationMessageCommands } from './conversation.commands.js';
import { conversationMessageRoutes, conversationRoutes } from './conversation.routes.js';

export { conversationRenderings } from './conversation.events.js';
export type { ConversationEvents } from './conversation.events.js';

/** The conversation dialect: `/api/chat/*`, and events with colons. */
export const createConversationDialect = (
  services: DialectServices,
): { routes: AnyRoute[]; commands: AnyCommand[] } => {
  const calls = new ConversationCalls(services);
  return {
    routes: [...conversationRoutes(calls, services), ...conversationMessageRoutes(calls, services)],
    commands: [...conversationCommands(services), ...conversationMessageCommands(calls, services)],
  };
};
