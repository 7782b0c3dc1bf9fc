import Joi from 'joi';
import { serverEvents } from '../../transport/socket/server-event.js';
import { errorEvent, id, time } from '../shared/event.schemas.js';
import { reactionResponse } from '../shared/message.schemas.js';
import { presenceResponse } from '../shared/presence.schemas.js';
import { ANNA, BEN, MESSAGE, NOON, sampleMessage, samplePerson } from '../shared/samples.js';
import { userCardSchema } from '../shared/user-card.schemas.js';
import { messageResponse, onlineUsersResponse } from './room.schemas.js';

const ofMembers = "the devices of the room's members, those of the actor included";
const room = Joi.string().required().description("The room's slug; the id of any other chat");
const sample = { ...sampleMessage, room: 'general' };

/** Somebody at a room, or their presence: rooms are named in the first alone. */
const comingAndGoing = (name: string) =>
  Joi.alternatives().try(
    Joi.object({ userId: id, room }).id(`Room${name}Visit`),
    presenceResponse.id('RoomPresence'),
  );
const samplePresence = {
  userId: ANNA,
  status: 'online',
  customStatus: '',
  isOnline: true,
  lastSeen: null,
};

/** Every event that the room dialect's clients get. */
export const roomEvents = serverEvents('room', {
  'new-message': {
    description: 'A message was sent.',
    audience: ofMembers,
    payload: messageResponse,
    example: sample,
  },
  'message-edited': {
    description: 'The text or the metadata of a message has changed.',
    audience: ofMembers,
    payload: messageResponse,
    example: { ...sample, version: 10, content: 'Hello!', isEdited: true, editedAt: NOON },
  },
  'message-deleted': {
    description: 'A message was deleted for everyone, or by me for myself.',
    audience: `${ofMembers}; of one's own deletion only one's own devices`,
    payload: Joi.object({
      room,
      messageId: id,
      deletedBy: id,
      deleteForEveryone: Joi.boolean().required(),
    }),
    example: { room: 'general', messageId: MESSAGE, deletedBy: ANNA, deleteForEveryone: true },
  },
  'message-reaction': {
    description: 'Somebody has reacted to a message (`isOn`), or taken a reaction back.',
    audience: ofMembers,
    payload: Joi.object({
      room,
      messageId: id,
      userId: id,
      emoji: Joi.string().required(),
      isOn: Joi.boolean().required(),
      reactions: Joi.array().items(reactionResponse).required().description('All that are left'),
    }),
    example: {
      room: 'general',
      messageId: MESSAGE,
      userId: BEN,
      emoji: '👍',
      isOn: true,
      reactions: [{ userId: BEN, emoji: '👍', at: NOON }],
    },
  },
  'message-pinned': {
    description: 'A message was pinned for the whole room.',
    audience: ofMembers,
    payload: messageResponse,
    example: { ...sample, version: 10, isPinned: true, pinnedAt: NOON },
  },
  'message-unpinned': {
    description: 'A message is no longer pinned.',
    audience: ofMembers,
    payload: messageResponse,
    example: { ...sample, version: 11 },
  },
  'message-read-receipt': {
    description: 'Somebody has read up to a message.',
    audience: 'the devices of the senders of these messages, and of the reader',
    payload: Joi.object({
      room,
      messageId: Joi.string().allow(null).required().description('The newest; null: none is new'),
      messageIds: Joi.array().items(Joi.string()).required(),
      userId: id,
      readBy: id.description('The same as `userId`'),
      seq: Joi.number().integer().required().description('Everything up to this number is read'),
      readAt: time,
    }),
    example: {
      room: 'general',
      messageId: MESSAGE,
      messageIds: [MESSAGE],
      userId: BEN,
      readBy: BEN,
      seq: 7,
      readAt: NOON,
    },
  },
  'user-typing': {
    description: 'Somebody is typing, or has stopped.',
    audience: "the other members' devices; in a large room only those that have it open",
    payload: Joi.object({
      room,
      userId: id,
      username: Joi.string().required(),
      user: userCardSchema.required(),
      isTyping: Joi.boolean().required(),
    }),
    example: {
      room: 'general',
      userId: ANNA,
      username: 'anna',
      user: samplePerson,
      isTyping: true,
    },
  },
  'user-online': {
    description:
      'With `room`: a member has opened the room. Without: somebody has come, or shows another status.',
    audience:
      "the other members' devices that have the room open; without `room` those of whoever may know of it",
    payload: comingAndGoing('Online'),
    example: { userId: ANNA, room: 'general' },
  },
  'user-offline': {
    description: 'With `room`: a member has closed the room. Without: somebody has gone, or hides.',
    audience:
      "the other members' devices that have the room open; without `room` those of whoever may know of it",
    payload: comingAndGoing('Offline'),
    example: { userId: ANNA, room: 'general' },
  },
  'user-status-update': {
    description: 'Somebody has come or gone, or shows another status.',
    audience: 'the devices of those who may know of it (PRESENCE_AUDIENCE)',
    payload: presenceResponse,
    example: samplePresence,
  },
  'online-users': {
    description: 'Who of a room is online: the answer to `join-room` and to `online-users`.',
    audience: 'the device that sent the command',
    payload: onlineUsersResponse,
    example: {
      room: 'general',
      count: 1,
      users: [{ ...samplePerson, userId: ANNA, status: 'online' }],
    },
  },
  error: errorEvent,
});
