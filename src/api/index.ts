import type { ConversationEvents } from './conversation/index.js';
import { createConversationDialect } from './conversation/index.js';
import type { NativeEvents } from './native/index.js';
import { createNativeDialect } from './native/index.js';
import type { RoomEvents } from './room/index.js';
import { createRoomDialect } from './room/index.js';
import type { Api } from './shared/api.js';
import { refreshTokenCommand } from './shared/refresh-token.command.js';
import { setDialectCommand } from './shared/set-dialect.command.js';
import type { UseCases } from './shared/use-cases.js';
import type { V0Events } from './v0/index.js';
import { createV0Dialect } from './v0/index.js';

export type { Api } from './shared/api.js';
export type { UseCases } from './shared/use-cases.js';

/** The domain events that clients receive. */
export type ApiEvents = NativeEvents & V0Events & ConversationEvents & RoomEvents;

/** Builds the four dialects on the same use cases, as one. */
export const createApi = (useCases: UseCases): Api<ApiEvents> => {
  const dialects: Api<ApiEvents>[] = [
    createNativeDialect(useCases),
    createV0Dialect(useCases),
    createConversationDialect(useCases),
    createRoomDialect(useCases),
  ];
  return {
    routes: dialects.flatMap(({ routes }) => routes),
    commands: [
      setDialectCommand,
      refreshTokenCommand,
      ...dialects.flatMap(({ commands }) => commands),
    ],
    events: dialects.flatMap(({ events }) => events),
    serverEvents: dialects.flatMap((dialect) => dialect.serverEvents),
  };
};
