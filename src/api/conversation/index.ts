import type { Api } from '../shared/api.js';
import type { UseCases } from '../shared/use-cases.js';
import { ConversationCalls } from './conversation.calls.js';
import { conversationCommands, conversationMessageCommands } from './conversation.commands.js';
import type { ConversationEvents } from './conversation.events.js';
import { conversationRenderings } from './conversation.events.js';
import { conversationEvents } from './conversation.events.schemas.js';
import { conversationMessageRoutes, conversationRoutes } from './conversation.routes.js';

export type { ConversationEvents } from './conversation.events.js';

/** The conversation dialect: `/api/chat/*`, and events with colons. */
export const createConversationDialect = (services: UseCases): Api<ConversationEvents> => {
  const calls = new ConversationCalls(services);
  return {
    routes: [...conversationRoutes(calls, services), ...conversationMessageRoutes(calls, services)],
    commands: [...conversationCommands(services), ...conversationMessageCommands(calls, services)],
    events: [conversationRenderings],
    serverEvents: conversationEvents,
  };
};
