import Joi from 'joi';
import { userIdSchema } from '../../shared/external-ids.js';
import { idSchema } from '../../shared/ids.js';
import type { PageQuery } from '../../shared/pagination.js';
import { DEFAULT_LIMIT, MAX_LIMIT, pageKeys } from '../../shared/pagination.js';
import type { UserRole } from '../../shared/actor.js';
import { clientMessageIdSchema, contentSchema } from './message.schemas.js';
import { userCardSchema } from './user-card.schemas.js';
import type { InboxQuery, BroadcastType, BroadcastInput } from '../../modules/broadcasts/index.js';
import { BROADCAST_STATUSES, BROADCAST_TYPES } from '../../modules/broadcasts/index.js';

/** `admin_broadcast` and `POST /api/admin/broadcasts`. */
export interface BroadcastBody {
  message: string;
  messageType: BroadcastType;
  audience: 'all' | 'role' | 'list';
  role?: UserRole;
  userIds?: string[];
  scheduledAt?: Date;
  clientMessageId?: string;
}

/** Most people in one list. */
const MAX_LISTED = 1000;

/** Builds the schema of a broadcast from the longest text allowed. */
export const broadcastSchema = (maxLength: number): Joi.ObjectSchema<BroadcastBody> =>
  Joi.object<BroadcastBody>({
    message: contentSchema(maxLength).required(),
    messageType: Joi.string<BroadcastType>()
      .valid(...BROADCAST_TYPES)
      .default('text'),
    audience: Joi.string<BroadcastBody['audience']>().valid('all', 'role', 'list').default('all'),
    role: Joi.string<UserRole>()
      .valid('user', 'admin')
      .when('audience', { is: 'role', then: Joi.required(), otherwise: Joi.forbidden() })
      .description('With audience `role`'),
    userIds: Joi.array()
      .items(userIdSchema)
      .min(1)
      .max(MAX_LISTED)
      .unique()
      .when('audience', { is: 'list', then: Joi.required(), otherwise: Joi.forbidden() })
      .description('With audience `list`'),
    scheduledAt: Joi.date().iso().description('When to send it; at once when absent or past'),
    clientMessageId: clientMessageIdSchema,
  });

/** The input of the use case, from a body. */
export const toBroadcastInput = (body: BroadcastBody): BroadcastInput => ({
  message: body.message,
  messageType: body.messageType,
  audience: audienceOf(body),
  scheduledAt: body.scheduledAt,
  clientMessageId: body.clientMessageId,
});

const audienceOf = ({ audience, role, userIds }: BroadcastBody): BroadcastInput['audience'] => {
  if (audience === 'role') return { kind: 'role', role: role! };
  if (audience === 'list') return { kind: 'list', userIds: userIds! };
  return { kind: 'all' };
};

/** Path of one broadcast. */
export const broadcastParams = Joi.object<{ broadcastId: string }>({
  broadcastId: idSchema.required(),
});

/** Query of my broadcasts; `before` is a broadcast's number. */
export const inboxQuery = Joi.object<InboxQuery>({
  before: Joi.number().integer().min(1),
  limit: Joi.number().integer().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
});

/** Query of all broadcasts. */
export const broadcastsQuery = Joi.object<PageQuery>(pageKeys);

const broadcastKeys = {
  id: Joi.string().required(),
  _id: Joi.string().required(),
  number: Joi.number().integer().allow(null).required().description('null until it is sent'),
  senderId: Joi.string().required(),
  senderName: Joi.string().allow(null).required(),
  sender: userCardSchema.allow(null).required(),
  message: Joi.string().required(),
  messageType: Joi.string()
    .valid(...BROADCAST_TYPES)
    .required(),
  sentAt: Joi.string().isoDate().allow(null).required(),
  createdAt: Joi.string().isoDate().required(),
};

/** A broadcast, as the event brings it. */
export const broadcastResponse = Joi.object(broadcastKeys).id('AdminBroadcast');

/** A broadcast in my list. */
export const receivedBroadcastResponse = Joi.object({
  ...broadcastKeys,
  isRead: Joi.boolean().required(),
}).id('ReceivedBroadcast');

/** A broadcast for admins. */
export const adminBroadcastResponse = Joi.object({
  ...broadcastKeys,
  audience: Joi.string().valid('all', 'role', 'list').required(),
  role: Joi.string().valid('user', 'admin').allow(null).required(),
  userIds: Joi.array().items(Joi.string()).allow(null).required(),
  status: Joi.string()
    .valid(...BROADCAST_STATUSES)
    .required(),
  scheduledAt: Joi.string().isoDate().required(),
}).id('Broadcast');

/** A broadcast for admins, with how many people it has reached. */
export const broadcastDetailResponse = adminBroadcastResponse
  .keys({
    statistics: Joi.object({
      recipients: Joi.number().integer().required(),
      delivered: Joi.number().integer().required(),
      read: Joi.number().integer().required(),
    }).required(),
  })
  .id('BroadcastDetail');

/** How many broadcasts the reader has not read now. */
export const readBroadcastResponse = Joi.object({ unreadCount: Joi.number().integer().required() });
