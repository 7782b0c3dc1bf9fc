import type { AnyCommand } from '../../transport/socket/command.js';
import type { RenderingTable } from '../../transport/socket/rendering.js';
import type { DialectServices } from '../dialect-services.js';
import { RoomNames } from './room-names.js';
import { roomCommands, roomMessageCommands } from './room.commands.js';
import type { RoomEvents } from './room.events.js';
import { roomRenderings } from './room.events.js';

export type { RoomEvents } from './room.events.js';

/** The room dialect: events with dashes, chats by name. Its REST endpoints are the native ones. */
export const createRoomDialect = (
  services: DialectServices,
): { commands: AnyCommand[]; renderings: RenderingTable<RoomEvents> } => {
  const names = new RoomNames(services.access);
  return {
    commands: [...roomCommands(names, services), ...roomMessageCommands(names, services)],
    renderings: roomRenderings(names),
  };
};
