import Joi from 'joi';
import { serverEvents } from '../../transport/socket/server-event.js';
import { broadcastResponse } from '../shared/broadcast.schemas.js';
import { errorEvent, id, time } from '../shared/event.schemas.js';
import { presenceResponse } from '../shared/presence.schemas.js';
import {
  ANNA,
  BEN,
  CHAT,
  MESSAGE,
  NOON,
  sampleBroadcast,
  sampleMessage,
  samplePerson,
} from '../shared/samples.js';
import { messageResponse } from './v0.schemas.js';

const ofMembers = "the devices of the conversation's members, those of the sender included";

/** What v0 wraps its payloads in. */
const wrapped = (data: Joi.Schema): Joi.ObjectSchema =>
  Joi.object({ success: Joi.boolean().valid(true).required(), data: data.required() });

/** A message in the v0 shape. */
const sample = {
  id: MESSAGE,
  _id: MESSAGE,
  conversationId: CHAT,
  seq: 7,
  version: 9,
  senderId: ANNA,
  senderName: samplePerson.name,
  sender: samplePerson,
  receiverId: BEN,
  clientMessageId: sampleMessage.clientMessageId,
  message: 'Hello',
  messageType: 'text',
  media: [],
  replyTo: null,
  status: 'sent',
  isRead: false,
  isEdited: false,
  isDeleted: false,
  isModerated: false,
  createdAt: NOON,
  updatedAt: NOON,
};

/** Every event that v0's clients get. */
export const v0Events = serverEvents('v0', {
  new_message: {
    description: 'A message was sent.',
    audience: ofMembers,
    payload: wrapped(messageResponse),
    example: { success: true, data: sample },
  },
  message_sent: {
    description: 'My message was stored. The ack says the same.',
    audience: 'the device that sent `send_message`',
    payload: wrapped(messageResponse),
    example: { success: true, data: sample },
  },
  message_edited: {
    description: 'The text of a message has changed.',
    audience: ofMembers,
    payload: wrapped(messageResponse),
    example: { success: true, data: { ...sample, version: 10, message: 'Hello!', isEdited: true } },
  },
  message_deleted: {
    description: 'A message was deleted for everyone, or by me for myself.',
    audience: `${ofMembers}; of one's own deletion only one's own devices`,
    payload: Joi.object({ messageId: id, conversationId: id, deletedBy: id }),
    example: { messageId: MESSAGE, conversationId: CHAT, deletedBy: ANNA },
  },
  message_read: {
    description: 'Somebody has read up to a message.',
    audience: 'the devices of the senders of these messages, and of the reader',
    payload: Joi.object({
      conversationId: id,
      messageId: Joi.string().allow(null).required().description('The newest; null: none is new'),
      messageIds: Joi.array().items(Joi.string()).required(),
      readBy: id,
      seq: Joi.number().integer().required().description('Everything up to this number is read'),
      readAt: time,
    }),
    example: {
      conversationId: CHAT,
      messageId: MESSAGE,
      messageIds: [MESSAGE],
      readBy: BEN,
      seq: 7,
      readAt: NOON,
    },
  },
  user_typing: {
    description: 'Somebody is typing, or has stopped.',
    audience: "the other members' devices",
    payload: Joi.object({
      senderId: id,
      senderName: Joi.string().required(),
      conversationId: id,
      isTyping: Joi.boolean().required(),
    }),
    example: {
      senderId: ANNA,
      senderName: samplePerson.name,
      conversationId: CHAT,
      isTyping: true,
    },
  },
  user_status_update: {
    description: 'Somebody has come or gone, or shows another status.',
    audience: 'the devices of those who may know of it (PRESENCE_AUDIENCE)',
    payload: presenceResponse,
    example: { userId: ANNA, status: 'online', customStatus: '', isOnline: true, lastSeen: null },
  },
  admin_broadcast: {
    description: 'A message of an admin to everybody, to a role or to a list of people.',
    audience: "the recipients' devices; those that were away get it when they are back",
    payload: wrapped(broadcastResponse),
    example: { success: true, data: sampleBroadcast },
  },
  error: errorEvent,
});
