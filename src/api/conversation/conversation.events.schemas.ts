import Joi from 'joi';
import { serverEvents } from '../../transport/socket/server-event.js';
import { errorEvent, id, time } from '../shared/event.schemas.js';
import { statusSchema } from '../shared/presence.schemas.js';
import { ANNA, BEN, CHAT, MESSAGE, NOON, sampleMessage, samplePerson } from '../shared/samples.js';
import { userCardSchema } from '../shared/user-card.schemas.js';
import { messageResponse } from './conversation.schemas.js';

const ofMembers = "the devices of the conversation's members, those of the sender included";

/** A message in the conversation shape. */
const sample = {
  id: MESSAGE,
  _id: MESSAGE,
  conversationId: CHAT,
  seq: 7,
  version: 9,
  senderId: samplePerson,
  clientMessageId: sampleMessage.clientMessageId,
  text: 'Hello',
  media: [],
  messageType: 'text',
  status: 'sent',
  replyTo: null,
  deletedAt: null,
  isModerated: false,
  createdAt: NOON,
  updatedAt: NOON,
};

const ofMessage = { conversationId: id, message: messageResponse.required() };

const typing = Joi.object({ userId: id, conversationId: id, user: userCardSchema.required() });
const sampleTyping = { userId: ANNA, conversationId: CHAT, user: samplePerson };

const presence = (status: Joi.Schema) =>
  Joi.object({
    userId: id,
    status: status.required(),
    lastSeen: Joi.number()
      .integer()
      .allow(null)
      .required()
      .description('Milliseconds since 1970; null while they are here'),
  });

/** Every event that the conversation dialect's clients get. */
export const conversationEvents = serverEvents('conversation', {
  'new:message': {
    description: 'A message was sent.',
    audience: ofMembers,
    payload: Joi.object(ofMessage),
    example: { conversationId: CHAT, message: sample },
  },
  'message:sent': {
    description: 'My message was stored. The ack has the message, too.',
    audience: 'the device that sent `send:message`',
    payload: Joi.object({
      messageId: id,
      conversationId: id,
      clientMessageId: Joi.string().allow(null).required(),
      status: Joi.string().valid('sent', 'delivered', 'read').required(),
      createdAt: time,
      message: messageResponse.required(),
    }),
    example: {
      messageId: MESSAGE,
      conversationId: CHAT,
      clientMessageId: sampleMessage.clientMessageId,
      status: 'sent',
      createdAt: NOON,
      message: sample,
    },
  },
  'message:edited': {
    description: 'The text of a message has changed.',
    audience: ofMembers,
    payload: Joi.object(ofMessage),
    example: { conversationId: CHAT, message: { ...sample, version: 10, text: 'Hello!' } },
  },
  'message:deleted': {
    description: 'A message was deleted for everyone, or by me for myself.',
    audience: `${ofMembers}; of one's own deletion only one's own devices`,
    payload: Joi.object({
      messageId: id,
      conversationId: id,
      deletedBy: id,
      deletedForEveryone: Joi.boolean().required(),
    }),
    example: {
      messageId: MESSAGE,
      conversationId: CHAT,
      deletedBy: ANNA,
      deletedForEveryone: true,
    },
  },
  'message:delivered': {
    description: "A message has arrived on somebody's device. Not sent in large chats.",
    audience: "the other members' devices",
    payload: Joi.object({ messageId: id, conversationId: id, deliveredTo: id, deliveredAt: time }),
    example: { messageId: MESSAGE, conversationId: CHAT, deliveredTo: BEN, deliveredAt: NOON },
  },
  'messages:read': {
    description: 'Somebody has read up to a number.',
    audience: 'the devices of the senders of these messages, and of the reader',
    payload: Joi.object({
      messageIds: Joi.array().items(Joi.string()).required(),
      readBy: id,
      conversationId: id,
      seq: Joi.number().integer().required().description('Everything up to this number is read'),
      readAt: time,
    }),
    example: { messageIds: [MESSAGE], readBy: BEN, conversationId: CHAT, seq: 7, readAt: NOON },
  },
  'typing:start': {
    description: 'Somebody is typing.',
    audience: "the other members' devices; in a large chat only those that have it open",
    payload: typing,
    example: sampleTyping,
  },
  'typing:stop': {
    description: 'Somebody has stopped typing.',
    audience: "the other members' devices; in a large chat only those that have it open",
    payload: typing,
    example: sampleTyping,
  },
  'user:online': {
    description: 'Somebody has come, or shows another status.',
    audience: 'the devices of those who may know of it (PRESENCE_AUDIENCE)',
    payload: presence(statusSchema),
    example: { userId: ANNA, status: 'online', lastSeen: null },
  },
  'user:offline': {
    description: 'Somebody has gone, or hides.',
    audience: 'the devices of those who may know of it (PRESENCE_AUDIENCE)',
    payload: presence(statusSchema),
    example: { userId: ANNA, status: 'offline', lastSeen: Date.parse(NOON) },
  },
  error: errorEvent,
});
