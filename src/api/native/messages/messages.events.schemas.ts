import Joi from 'joi';
import { serverEvents } from '../../../transport/socket/server-event.js';
import { id, time } from '../../shared/event.schemas.js';
import { messageResponse } from '../../shared/message.schemas.js';
import {
  ANNA,
  BEN,
  CHAT,
  MESSAGE,
  NOON,
  sampleMessage,
  samplePicture,
  sampleTombstone,
} from '../../shared/samples.js';
import { starResponse } from '../stars/stars.schemas.js';

const inChat = "the devices of the chat's members";
const changedAudience = `${inChat}, those of the actor included; not of members who have cleared the message away`;

/** The message after a change, and what the change was. */
const changed = (keys: Joi.SchemaMap = {}): Joi.ObjectSchema =>
  messageResponse.keys({ messageId: id.description('The same as `id`'), ...keys }).id();

const byUser = {
  userId: id.description('Who has done it'),
};
const ofReaction = { ...byUser, emoji: Joi.string().required() };

const covered = {
  seq: Joi.number().integer().required().description('Everything up to this number'),
  messageIds: Joi.array()
    .items(Joi.string())
    .required()
    .description('The messages of others that this newly covers; the nearest when there are many'),
};

/** What native clients hear of messages, receipts and stars. */
export const messageEvents = serverEvents('native', {
  message_received: {
    description: 'A message without files was sent in a chat that this device has open.',
    audience: "the members' devices that have the chat open, other devices of the sender included",
    payload: messageResponse,
    example: sampleMessage,
  },
  media_received: {
    description: 'A message with files was sent in a chat that this device has open.',
    audience: "the members' devices that have the chat open, other devices of the sender included",
    payload: messageResponse,
    example: { ...sampleMessage, messageType: 'image', content: '', media: [samplePicture] },
  },
  unread_message: {
    description:
      'A message was sent in a chat that this device does not have open. It has either `unreadCount` or, in a large ' +
      'chat and while the count cannot be found, `lastSeq`: then the count is `lastSeq` less the own read position.',
    audience: "the members' devices that do not have the chat open",
    payload: Joi.object({
      chatId: id,
      unreadCount: Joi.number().integer().description('My unread messages of the chat'),
      lastSeq: Joi.number().integer().description("The chat's newest number"),
      message: messageResponse.required(),
    }),
    example: { chatId: CHAT, unreadCount: 3, message: sampleMessage },
  },
  message_edited: {
    description: 'The text or the metadata of a message has changed.',
    audience: changedAudience,
    payload: changed(),
    example: {
      ...sampleMessage,
      version: 10,
      content: 'Hello!',
      isEdited: true,
      editedAt: NOON,
      messageId: MESSAGE,
    },
  },
  message_deleted: {
    description:
      'A message was deleted: for everyone (`deleteForEveryone` is true, and the payload is what is left of the ' +
      'message), or by this user for themselves alone.',
    audience: `${changedAudience}; of one's own deletion only one's own devices`,
    payload: Joi.alternatives().try(
      changed({ deletedBy: id, deleteForEveryone: Joi.boolean().valid(true).required() }).id(
        'MessageDeletedForEveryone',
      ),
      Joi.object({
        chatId: id,
        messageId: id,
        deleteForEveryone: Joi.boolean().valid(false).required(),
      }).id('MessageDeletedForMe'),
    ),
    example: { ...sampleTombstone, messageId: MESSAGE, deleteForEveryone: true },
  },
  message_held: {
    description:
      'A message of mine waits for a moderator, or was changed while it waits. It has no number yet.',
    audience: "the sender's devices",
    payload: changed(),
    example: {
      ...sampleMessage,
      seq: null,
      version: null,
      isHeld: true,
      heldAfterSeq: 6,
      messageId: MESSAGE,
    },
  },
  message_unheld: {
    description:
      'A held message of mine has ended. `released`: it was just sent, under the same `clientMessageId`; `refused`: a ' +
      'moderator has refused it; `deleted`: I have deleted it.',
    audience: "the sender's devices",
    payload: Joi.object({
      chatId: id,
      messageId: id,
      clientMessageId: Joi.string().required(),
      outcome: Joi.string().valid('released', 'refused', 'deleted').required(),
    }),
    example: {
      chatId: CHAT,
      messageId: MESSAGE,
      clientMessageId: sampleMessage.clientMessageId,
      outcome: 'released',
    },
  },
  reaction_added: {
    description: 'Somebody has reacted to a message; `reactions` has all of them.',
    audience: changedAudience,
    payload: changed(ofReaction),
    example: {
      ...sampleMessage,
      version: 10,
      reactions: [{ userId: BEN, emoji: '👍', at: NOON }],
      messageId: MESSAGE,
      userId: BEN,
      emoji: '👍',
    },
  },
  reaction_removed: {
    description: 'Somebody has taken a reaction back; `reactions` has those that are left.',
    audience: changedAudience,
    payload: changed(ofReaction),
    example: { ...sampleMessage, version: 11, messageId: MESSAGE, userId: BEN, emoji: '👍' },
  },
  message_pinned: {
    description: 'A message was pinned for the whole chat.',
    audience: changedAudience,
    payload: changed(byUser),
    example: {
      ...sampleMessage,
      version: 10,
      isPinned: true,
      pinnedAt: NOON,
      messageId: MESSAGE,
      userId: ANNA,
    },
  },
  message_unpinned: {
    description: 'A message is no longer pinned.',
    audience: changedAudience,
    payload: changed(byUser),
    example: { ...sampleMessage, version: 11, messageId: MESSAGE, userId: ANNA },
  },
  message_starred: {
    description: 'I have starred a message, or taken the star back, on whichever device.',
    audience: "the user's own devices",
    payload: starResponse,
    example: { chatId: CHAT, messageId: MESSAGE, starred: true, starredAt: NOON },
  },
  messages_read: {
    description: 'Somebody has read up to a number.',
    audience: inChat,
    payload: Joi.object({ chatId: id, readBy: id, ...covered, readAt: time }),
    example: { chatId: CHAT, readBy: BEN, seq: 7, messageIds: [MESSAGE], readAt: NOON },
  },
  messages_delivered: {
    description: "Messages have arrived on somebody's device, up to a number.",
    audience: inChat,
    payload: Joi.object({ chatId: id, deliveredTo: id, ...covered, deliveredAt: time }),
    example: { chatId: CHAT, deliveredTo: BEN, seq: 7, messageIds: [MESSAGE], deliveredAt: NOON },
  },
});
