import type { Admin } from '../modules/moderation/admin.index.js';
import type { SendBroadcast } from '../modules/broadcasts/index.js';
import type { ChatAccess, ChatList, DirectChats } from '../modules/chats/index.js';
import type { RoomResolver, RoomOnline, PublicRooms } from '../modules/chats/groups.index.js';
import type { DeleteMessage, MessageHistory, SendMessage } from '../modules/messages/index.js';
import type { StatusChooser, PresenceReader } from '../modules/presence/index.js';
import type { Receipts } from '../modules/receipts/index.js';
import type { Typing } from '../modules/presence/typing.index.js';
import type { Clock } from '../shared/clock.js';

/** The use cases that the dialects translate to. */
export interface DialectServices {
  admin: Admin;
  broadcasts: SendBroadcast;
  access: ChatAccess;
  directChats: DirectChats;
  list: ChatList;
  sender: SendMessage;
  history: MessageHistory;
  deletion: DeleteMessage;
  receipts: Receipts;
  typing: Typing;
  rooms: PublicRooms;
  addresses: RoomResolver;
  online: RoomOnline;
  presence: PresenceReader;
  chooser: StatusChooser;
  clock: Clock;
  /** Longest text of a message in characters. */
  maxLength: number;
}
