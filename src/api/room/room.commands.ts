import type { AnyCommand } from '../../transport/socket/command.js';
import { command } from '../../transport/socket/command.js';
import { AppError } from '../../shared/errors.js';
import type { UseCases } from '../shared/use-cases.js';
import type { RoomNames } from './room-names.js';
import { presentMessage, presentOnlineUsers } from './room.shapes.js';
import {
  readSchema,
  roomIn,
  roomPayload,
  sendSchema,
  statusPayload,
  joinedResponse,
  leftResponse,
  messageResponse,
  onlineUsersResponse,
  readResponse,
  roomResponse,
} from './room.schemas.js';
import { chosenStatusResponse } from '../shared/presence.schemas.js';

const dialect = 'room';

/** Socket commands of the room dialect about being in a room. */
export const roomCommands = (
  names: RoomNames,
  { access, joinRequests, roomResolver, online, chooser, rooms, typing }: UseCases,
): AnyCommand[] => [
  command({
    event: 'join-room',
    dialect,
    summary:
      'Join a room, which is made when there is none of this name; answers who is online, or asks to be let in',
    schema: roomPayload,
    answer: joinedResponse,
    confirms: 'online-users',
    userLimit: 'writes',
    handle: async ({ actor, socket }, payload) => {
      const room = roomIn(payload);
      const chatId = await socket.openChat(
        roomResolver.enter(actor, room).catch(async (error: unknown) => {
          if (!(error instanceof AppError && error.code === 'JOIN_REQUEST_NEEDED')) throw error;
          await joinRequests.ask(actor, room);
          throw new AppError('JOIN_REQUESTED', 'Your request to join waits for an answer');
        }),
      );
      const users = presentOnlineUsers(
        await names.of(chatId),
        await online.list(actor.userId, chatId),
      );
      return {
        data: { ...users, chatId },
        confirm: users,
      };
    },
  }),
  command({
    event: 'leave-room',
    dialect,
    summary: 'Leave a room for good; of other chats only the view is closed',
    schema: roomPayload,
    answer: leftResponse,
    userLimit: 'writes',
    handle: async ({ actor, socket }, payload) => {
      const chatId = await roomResolver.find(roomIn(payload));
      socket.closeChat(chatId);
      const { chat } = await access.member(actor.userId, chatId);
      if (chat.slug !== null) await rooms.leave(actor, chat.slug);
      return { data: { room: chat.slug ?? chatId, chatId } };
    },
  }),
  command({
    event: 'online-users',
    dialect,
    summary: 'Who of a room is online',
    schema: roomPayload,
    answer: onlineUsersResponse,
    confirms: 'online-users',
    userLimit: 'lookups',
    shedAs: 'work',
    handle: async ({ actor }, payload) => {
      const chatId = await roomResolver.find(roomIn(payload));
      await access.member(actor.userId, chatId);
      const users = presentOnlineUsers(
        await names.of(chatId),
        await online.list(actor.userId, chatId),
      );
      return { data: users, confirm: users };
    },
  }),
  ...(['start', 'stop'] as const).map((verb) =>
    command({
      event: `typing-${verb}`,
      dialect,
      summary: verb === 'start' ? 'Show that I am typing' : 'Show that I have stopped typing',
      schema: roomPayload,
      answer: roomResponse,
      ...(verb === 'start' ? { userLimit: 'signals', shedAs: 'signals' } : { userLimit: 'marks' }),
      handle: async ({ actor }, payload) => {
        const chatId = await roomResolver.find(roomIn(payload));
        await typing[verb](actor, chatId);
        return { data: { room: await names.of(chatId) } };
      },
    }),
  ),
  command({
    event: 'user-status',
    dialect,
    summary: 'Show myself online, away, busy or offline',
    schema: statusPayload,
    answer: chosenStatusResponse,
    userLimit: 'signals',
    handle: async ({ actor }, payload) => {
      const chosen = typeof payload === 'string' ? { status: payload } : payload;
      return { data: await chooser.choose(actor, chosen) };
    },
  }),
];

/** Socket commands of the room dialect about messages. */
export const roomMessageCommands = (
  names: RoomNames,
  { roomResolver, history, maxLength, receipts, sending }: UseCases,
): AnyCommand[] => [
  command({
    event: 'send-message',
    dialect,
    summary: 'Send a message to a room, which is made and joined when needed',
    schema: sendSchema(maxLength),
    answer: messageResponse,
    userLimit: 'sends',
    shedAs: 'work',
    handle: async ({ actor }, { room, content = '', messageType, media = [], ...more }) => {
      const chatId = await roomResolver.enter(actor, room);
      const sent = await sending.send(actor, {
        ...more,
        chatId,
        content,
        messageType,
        media,
      });
      const view = { message: sent.message, sender: sent.sender, status: 'sent' as const };
      return { data: presentMessage(view, await names.of(chatId)) };
    },
  }),
  command({
    event: 'message-read',
    dialect,
    summary: 'Read a message, and so those before it',
    schema: readSchema,
    answer: readResponse,
    userLimit: 'marks',
    handle: async ({ actor }, { messageId, room }) => {
      const chatId =
        room === undefined
          ? (await history.one(actor, messageId)).message.chatId
          : await roomResolver.find(room);
      const position = await receipts.markRead(actor, chatId, { messageIds: [messageId] });
      return { data: { room: await names.of(chatId), ...position } };
    },
  }),
];
