import Joi from 'joi';
import { userIdSchema } from '../../../shared/external-ids.js';
import { metadataParameters, newMetadataSchema } from '../../../shared/metadata.js';
import { pageKeys } from '../../../shared/pagination.js';
import type { PageQuery } from '../../../shared/pagination.js';
import type { RequestsQuery, SettingChanges } from '../../../modules/chats/index.js';
import { userCardSchema } from '../../shared/user-card.schemas.js';

/** Body of `POST /api/chats/or-create`. */
export const orCreateBody = Joi.object<{ recipientId: string }>({
  recipientId: userIdSchema.required(),
});

/** Builds the query of a list of chats from the keys of metadata by whose value one may search. */
export const chatsQuery = (metadataKeys: string[]): Joi.ObjectSchema<PageQuery> =>
  Joi.object<PageQuery>({ ...pageKeys, ...metadataParameters(metadataKeys) });

/** Query of `GET /api/chats/requests`. */
export const requestsQuery = Joi.object<RequestsQuery>({
  ...pageKeys,
  direction: Joi.string().valid('incoming', 'outgoing').default('incoming'),
});

/** Body of block and unblock: empty in a direct chat, elsewhere the member. */
export const blockBody = Joi.object<{ userId?: string }>({ userId: userIdSchema });

/** A block, or the end of one. */
export const blockResponse = Joi.object({
  userId: Joi.string().required(),
  blocked: Joi.boolean().required(),
});

/** Somebody whom I have blocked. */
export const blockedResponse = userCardSchema
  .keys({ blockedAt: Joi.string().isoDate().required() })
  .id('BlockedUser');

/** Path of a user's chats. */
export const historyParams = Joi.object<{ userId: string }>({ userId: userIdSchema.required() });

/** Body of `PATCH /api/chats/:chatId/settings`; absent fields do not change. */
export const settingsBody = Joi.object<SettingChanges>({
  mutedUntil: Joi.date()
    .iso()
    .raw(false)
    .allow(null)
    .description('ISO-8601 time until which the chat is silent; null ends it'),
  isPinned: Joi.boolean().description('On top of my lists'),
  isMarkedUnread: Joi.boolean().description('Shown as unread until I read'),
  metadata: newMetadataSchema.description('Data of my own about the chat; null removes them'),
}).min(1);

/** A chat that I have deleted for myself. */
export const deletedChatResponse = Joi.object({
  chatId: Joi.string().required(),
  deleted: Joi.boolean().required(),
});
