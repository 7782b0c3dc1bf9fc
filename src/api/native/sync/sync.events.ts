import type { SyncClients } from '../../../modules/sync/index.js';
import { channels } from '../../../transport/socket/channels.js';
import { hears } from '../../../transport/socket/dialect.js';
import type { ParleySocket } from '../../../transport/socket/socket-data.js';

const isNative = ({ data }: ParleySocket): boolean => hears(data.mask, 'native');

/**
 * The events that show native clients that they may have missed something: `heads` carries the newest numbers
 * of their chats, `sync_hint` asks for a sync after `delayMs`. Both go to single sockets and are not events
 * of the bus.
 *
 * @param socketsIn the sockets of this node in a channel.
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
