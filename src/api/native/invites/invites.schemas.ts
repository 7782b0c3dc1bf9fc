import Joi from 'joi';
import { chatIdSchema } from '../../../shared/external-ids.js';
import { externalChatIdResponse } from '../../shared/chat.schemas.js';
import { userCardSchema } from '../../shared/user-card.schemas.js';
import type { InviteTerms } from '../../../modules/chats/index.js';

const codeSchema = Joi.string()
  .pattern(/^[A-Za-z0-9_-]{24}$/, 'a code of 24 letters, digits, - _')
  .required();
const YEAR_SECONDS = 365 * 24 * 3600;

/** Path of an invite, for those who have its code. */
export const inviteParams = Joi.object<{ code: string }>({ code: codeSchema });

/** Path of an invite, for those who manage its chat. */
export const chatInviteParams = Joi.object<{ chatId: string; code: string }>({
  chatId: chatIdSchema.required(),
  code: codeSchema,
});

/** Body of making an invite: without limits it is valid until it is revoked. */
export const inviteBody = Joi.object<InviteTerms>({
  expiresInSeconds: Joi.number().integer().min(1).max(YEAR_SECONDS),
  maxUses: Joi.number().integer().min(1).max(100_000),
});

/** An invite, for those who manage its chat. */
export const inviteResponse = Joi.object({
  code: Joi.string().required(),
  chatId: Joi.string().required(),
  userId: Joi.string()
    .allow(null)
    .required()
    .description('Who alone may use it; null where everybody may who has the code'),
  createdBy: Joi.string().required(),
  expiresAt: Joi.string().isoDate().allow(null).required(),
  maxUses: Joi.number().integer().allow(null).required(),
  uses: Joi.number().integer().required(),
  createdAt: Joi.string().isoDate().required(),
}).id('Invite');

/** An invite, as the invited user sees it. */
export const receivedInviteResponse = Joi.object({
  code: Joi.string().required(),
  chatId: Joi.string().required(),
  externalId: externalChatIdResponse,
  kind: Joi.string().required(),
  name: Joi.string().allow(null).required(),
  picture: Joi.string().allow(null).required(),
  invitedBy: userCardSchema.allow(null).required().description('Null when the account is gone'),
  expiresAt: Joi.string().isoDate().allow(null).required(),
  createdAt: Joi.string().isoDate().required(),
}).id('ReceivedInvite');

/** The chat of an invite. */
export const invitePreviewResponse = Joi.object({
  chatId: Joi.string().required(),
  externalId: externalChatIdResponse,
  kind: Joi.string().required(),
  name: Joi.string().allow(null).required(),
  picture: Joi.string().allow(null).required(),
  memberCount: Joi.number().integer().required(),
});
