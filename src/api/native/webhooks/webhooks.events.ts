import Joi from 'joi';
import type { WebhookEventType } from '../../../modules/webhooks/index.js';
import type { DocumentedEvent } from '../../../transport/http/openapi.js';
import { adminBroadcastResponse } from '../../shared/broadcast.schemas.js';
import { externalChatIdResponse } from '../../shared/chat.schemas.js';
import { attachmentResponse, messageResponse } from '../../shared/message.schemas.js';
import { metadataResponse } from '../../../shared/metadata.js';
import { mediaResponse } from '../media/media.schemas.js';
import { reportResponse } from '../reports/reports.schemas.js';
import { ownUserSchema } from '../users/users.schemas.js';

const id = Joi.string().required();
const time = Joi.string().isoDate().required();
const member = { chatId: id, userId: id };
const message = {
  message: messageResponse
    .keys({ status: Joi.forbidden() })
    .id('WebhookMessage')
    .required()
    .description('In the native shape, without `status`'),
};
const reaction = { ...message, userId: id, emoji: Joi.string().required() };
const textOrNull = Joi.string().allow('', null).required();
const chat = {
  chatId: id,
  chat: Joi.object({
    id,
    _id: id,
    kind: Joi.string().valid('direct', 'group', 'room').required(),
    isGroup: Joi.boolean().required(),
    status: Joi.string().required(),
    initiator: id,
    name: textOrNull,
    slug: textOrNull,
    description: textOrNull,
    picture: textOrNull,
    externalId: externalChatIdResponse,
    metadata: metadataResponse,
    createdAt: time,
    updatedAt: time,
  })
    .id('WebhookChat')
    .required()
    .description('Without what depends on who reads it'),
};
const user = { userId: id, user: ownUserSchema.required() };

const EVENTS: Record<WebhookEventType, { summary: string; data: Joi.Schema }> = {
  'message.created': { summary: 'A message was sent', data: Joi.object(message) },
  'message.edited': {
    summary: 'A message has another text, or other metadata',
    data: Joi.object(message),
  },
  'message.deleted': {
    summary: 'A message was deleted for everyone',
    data: Joi.object({ ...message, deletedBy: Joi.string().allow(null).required() }),
  },
  'message.reaction_added': {
    summary: 'Somebody has reacted to a message',
    data: Joi.object(reaction),
  },
  'message.reaction_removed': {
    summary: 'Somebody has taken back a reaction; of several, the last',
    data: Joi.object(reaction),
  },
  'message.read': {
    summary: 'Somebody has read a chat up to the message with the number seq',
    data: Joi.object({ ...member, seq: Joi.number().integer().required() }),
  },
  'chat.created': { summary: 'A chat was made', data: Joi.object(chat) },
  'chat.updated': {
    summary: 'A chat has another name, description, picture, status, or other metadata',
    data: Joi.object(chat),
  },
  'member.added': {
    summary: 'Somebody is in a chat now',
    data: Joi.object({ ...member, role: Joi.string().required() }),
  },
  'member.removed': {
    summary: 'Somebody has left a chat, or was removed',
    data: Joi.object(member),
  },
  'user.created': { summary: 'An account was made', data: Joi.object(user) },
  'user.updated': { summary: 'A profile or a role has changed', data: Joi.object(user) },
  'user.deactivated': { summary: 'An account was closed', data: Joi.object(user) },
  'report.created': {
    summary: 'A message was reported to the admins',
    data: Joi.object({ report: reportResponse.required() }),
  },
  'media.uploaded': {
    summary: 'A file was stored',
    data: Joi.object({ userId: id, media: mediaResponse.required() }),
  },
  'broadcast.sent': {
    summary: 'A broadcast was sent',
    data: Joi.object({ broadcast: adminBroadcastResponse.required() }),
  },
};

const review = {
  chatId: id,
  senderId: id,
  content: Joi.string().allow('').required(),
  messageType: Joi.string().required(),
  media: Joi.array().items(attachmentResponse).required(),
  metadata: metadataResponse,
};
const reviewAnswer = Joi.alternatives(
  Joi.object({ action: Joi.string().valid('accept').required() }),
  Joi.object({
    action: Joi.string().valid('change').required(),
    content: Joi.string().allow('').description('The text that is written instead'),
    metadata: metadataResponse.description('The data that are written instead; {} for none'),
  }).or('content', 'metadata'),
  Joi.object({
    action: Joi.string().valid('refuse').required(),
    message: Joi.string().allow('').description('What the sender is told'),
  }),
);
const QUESTION =
  'Asked of `PRE_SEND_URL` and of nobody else, once, signed; the answer has 1.5 seconds.';

/** What is sent without being named by a webhook. */
const OTHERS: DocumentedEvent[] = [
  {
    type: 'webhook.test',
    summary: 'An admin tests a webhook',
    description: 'Sent once to the webhook that is tested, whatever it names.',
    data: Joi.object({ webhookId: id }),
  },
  {
    type: 'message.sending',
    summary: 'May this message be sent?',
    description: QUESTION,
    data: Joi.object({
      ...review,
      clientMessageId: Joi.string(),
      replyTo: Joi.string().description('Id of a message'),
      isForwarded: Joi.boolean().required(),
    }),
    answer: reviewAnswer,
  },
  {
    type: 'message.editing',
    summary: 'May this message get this text?',
    description: QUESTION,
    data: Joi.object({ ...review, messageId: id }),
    answer: reviewAnswer,
  },
];

/** What is sent to receivers of webhooks, and asked of the pre-send hook, for the specification. */
export const webhookEvents: DocumentedEvent[] = [
  ...Object.entries(EVENTS).map(([type, event]) => ({ type, ...event })),
  ...OTHERS,
];
