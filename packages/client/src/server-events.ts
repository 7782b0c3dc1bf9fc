import type { StateStores } from './client-state.js';
import { isOutsideLog } from './room-messages.js';
import type { Synchronizer } from './synchronizer.js';
import type { ChatMessage, Person, Presence } from './wire.types.js';

const MESSAGE_EVENTS = new Set([
  'message_received',
  'media_received',
  'message_edited',
  'message_deleted',
  'reaction_added',
  'reaction_removed',
  'message_pinned',
  'message_unpinned',
]);

/** Events that say that a chat is other than before, but not in which way a store could take in. */
const STATE_EVENTS = new Set([
  'chat_created',
  'chat_accepted',
  'chat_rejected',
  'chat_updated',
  'chat_settings_changed',
  'chat_deleted',
  'members_added',
  'members_removed',
  'member_role_changed',
]);

/** Lets the synchronizer hear what an event of the server says about chats. */
export const followEvent = (sync: Synchronizer, event: string, told: unknown): void => {
  // Those that concern chats all say something.
  if (typeof told !== 'object' || told === null) return;
  const payload = told as Record<string, unknown>;
  const chatId = payload.chatId as string;
  if (event === 'message_deleted' && payload.deleteForEveryone === false) {
    sync.heardHidden(chatId, payload.messageId as string);
  } else if (MESSAGE_EVENTS.has(event)) {
    const message = toMessage(payload);
    if (!isOutsideLog(message)) sync.heardMessage(message);
  } else if (event === 'unread_message') {
    sync.heardMessage(payload.message as ChatMessage);
  } else if (event === 'messages_read') {
    const { readBy, seq } = payload as { readBy: string; seq: number };
    sync.heardPosition(chatId, readBy, 'lastReadSeq', seq);
  } else if (event === 'messages_delivered') {
    const { deliveredTo, seq } = payload as { deliveredTo: string; seq: number };
    sync.heardPosition(chatId, deliveredTo, 'lastDeliveredSeq', seq);
  } else if (STATE_EVENTS.has(event)) {
    sync.heardState(chatId, payload.userIds as string[] | undefined);
  } else if (event === 'block_changed') {
    sync.heardHint(0);
  } else if (event === 'heads') {
    sync.heardHeads(payload.chats as Record<string, [number, number]>);
  } else if (event === 'sync_hint') {
    const { delayMs, chatIds } = payload as { delayMs: number; chatIds?: string[] };
    sync.heardHint(delayMs, chatIds);
  }
};

/** Lets the stores hear what an event of the server says about people, and about messages outside the log. */
export const followPeople = (state: StateStores, event: string, told: unknown): void => {
  if (typeof told !== 'object' || told === null) return;
  const payload = told as Record<string, unknown>;
  const chatId = payload.chatId as string;
  if (event === 'user_typing') {
    state.typing.started(chatId, payload.user as Person);
  } else if (event === 'user_stop_typing') {
    state.typing.stopped(chatId, payload.userId as string);
  } else if (event === 'presence_changed') {
    const { userId, ...heard } = told as { userId: string } & Presence;
    if (state.people.set(userId, heard)) state.presenceChanged(new Set([userId]));
  } else if (event === 'message_held') {
    state.messages.hold(toMessage(payload));
    state.chatChanged(chatId);
  } else if (event === 'message_unheld') {
    state.messages.unhold(chatId, payload.messageId as string);
    state.chatChanged(chatId);
  } else if (event === 'block_changed') {
    const { userId, blocked } = payload as { userId: string; blocked: boolean };
    state.blockedChanged(state.messages.setBlock(userId, blocked));
  } else if (event === 'unread_broadcasts') {
    state.setUnreadBroadcasts(() => payload.unreadCount as number);
  } else if (event === 'admin_broadcast') {
    state.setUnreadBroadcasts((known) => known + 1);
  } else if (event === 'unread_message' || MESSAGE_EVENTS.has(event)) {
    const message = (payload.message as ChatMessage | undefined) ?? toMessage(payload);
    const { senderId } = message;
    if (isOutsideLog(message)) {
      state.messages.hold(message);
      state.chatChanged(chatId);
    }
    if (event.endsWith('_received') || event === 'unread_message')
      state.typing.stopped(chatId, senderId);
  }
};

/** The message in an event that also says what has changed about it. */
const toMessage = (payload: Record<string, unknown>): ChatMessage => {
  const message = { ...payload };
  for (const extra of ['messageId', 'userId', 'emoji', 'deleteForEveryone']) {
    Reflect.deleteProperty(message, extra);
  }
  return message as unknown as ChatMessage;
};
