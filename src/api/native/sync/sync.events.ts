import type { SyncClients } from '../../../modules/sync/index.js';
import { channels } from '../../../transport/socket/channels.js';
import { hears } from '../../../transport/socket/dialect.js';
import type { ParleySocket } from '../../../transport/socket/socket-data.js';

const isNative = ({ data }: ParleySocket): boolean => hears(data.mask, 'native');

/**
 * How native clients are told that they may have missed something: `heads` carries how far their chats are,
 * `sync_hint` asks for a sync after `delayMs`. Both are for single sockets and not events of the bus.
 *
 * @param socketsIn the sockets of this node that stand in a room.
 */
export const syncClients = (
  socketsIn: (room: string) => ParleySocket[],
): SyncClients<ParleySocket> => ({
  all: () => socketsIn(channels.everyone()).filter(isNative),
  inChat: (chatId) => socketsIn(channels.chat(chatId)).filter(isNative),
  sendVersions: (socket, chats) => {
    socket.emit('heads', { chats });
  },
  hint: (socket, delayMs) => {
    socket.emit('sync_hint', { delayMs });
  },
});
