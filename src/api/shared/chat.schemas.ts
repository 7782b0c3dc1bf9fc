import Joi from 'joi';
import { JOIN_MODES, MEMBER_ROLES } from '../../modules/chats/index.js';
import { chatIdSchema } from '../../shared/external-ids.js';
import { metadataResponse } from '../../shared/metadata.js';
import { userCardSchema } from './user-card.schemas.js';

/** Path of everything about one chat. */
export const chatParams = Joi.object<{ chatId: string }>({ chatId: chatIdSchema.required() });

/** A member as the other members of an accepted chat see them. */
export const participantResponse = userCardSchema
  .keys({
    role: Joi.string()
      .valid(...MEMBER_ROLES)
      .required(),
    status: Joi.string().valid('online', 'away', 'busy', 'offline').required(),
    isOnline: Joi.boolean().required(),
    lastSeen: Joi.string().isoDate().allow(null).required(),
  })
  .id('Participant');

/** The newest message as chat lists show it. */
export const lastMessageResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  seq: Joi.number().integer().required(),
  senderId: Joi.string().required(),
  messageType: Joi.string().required(),
  content: Joi.string().allow('').required(),
  deleted: Joi.boolean().required(),
  createdAt: Joi.string().isoDate().required(),
}).id('LastMessage');

/** The id of a chat elsewhere, in an answer. */
export const externalChatIdResponse = Joi.string().description(
  'The id that the chat has elsewhere; there where it has one',
);

/** A chat as one of its members sees it. */
export const chatResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  kind: Joi.string().valid('direct', 'group', 'room', 'broadcast').required(),
  isGroup: Joi.boolean().required(),
  status: Joi.string().valid('pending', 'accepted', 'rejected').required(),
  initiator: Joi.string().required(),
  name: Joi.string().allow(null).required(),
  slug: Joi.string().allow(null).required(),
  description: Joi.string().allow(null, '').required(),
  picture: Joi.string().allow(null).required(),
  externalId: externalChatIdResponse,
  metadata: metadataResponse,
  memberMetadata: metadataResponse.description('My own data about the chat'),
  slowModeSeconds: Joi.number()
    .integer()
    .required()
    .description('Seconds that a plain member waits between two messages; 0: none'),
  onlyModeratorsPost: Joi.boolean()
    .required()
    .description('Whether only owners, admins and moderators post'),
  joinMode: Joi.string()
    .valid(...JOIN_MODES)
    .required()
    .description('How people come in: joining, asking, or by invitation alone'),
  participants: Joi.array().items(participantResponse).required(),
  otherUser: participantResponse.allow(null).required(),
  memberCount: Joi.number().integer().required(),
  role: Joi.string()
    .valid(...MEMBER_ROLES)
    .allow(null)
    .required()
    .description(
      'null for a server key, and for an admin of the system who has not joined the room',
    ),
  lastMessage: lastMessageResponse.allow(null).required(),
  lastMessageAt: Joi.string().isoDate().required(),
  lastSeq: Joi.number().integer().required().description('Number of the newest message; 0: none'),
  lastReadSeq: Joi.number().integer().required().description('I have read up to this number'),
  unreadCount: Joi.number().integer().required().description('Messages that I have not read'),
  mentionCount: Joi.number().integer().required().description('Of these, those that mention me'),
  isArchived: Joi.boolean().required(),
  isPinned: Joi.boolean().required(),
  isMarkedUnread: Joi.boolean().required(),
  mutedUntil: Joi.string().isoDate().allow(null).required(),
  isBlocked: Joi.boolean().required(),
  createdAt: Joi.string().isoDate().required(),
  updatedAt: Joi.string().isoDate().required(),
}).id('ChatInfo');
