import type { Api } from '../shared/api.js';
import type { UseCases } from '../shared/use-cases.js';
import { RoomNames } from './room-names.js';
import { roomCommands, roomMessageCommands } from './room.commands.js';
import type { RoomEvents } from './room.events.js';
import { roomRenderings } from './room.events.js';
import { roomEvents } from './room.events.schemas.js';

export type { RoomEvents } from './room.events.js';

/** The room dialect: events with dashes, chats by name. Its REST endpoints are the native ones. */
export const createRoomDialect = (services: UseCases): Api<RoomEvents> => {
  const names = new RoomNames(services.access);
  return {
    routes: [],
    commands: [...roomCommands(names, services), ...roomMessageCommands(names, services)],
    events: [roomRenderings(names)],
    serverEvents: roomEvents,
  };
};
