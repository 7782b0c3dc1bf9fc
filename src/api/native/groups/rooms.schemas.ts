import Joi from 'joi';
import type { RoomsQuery } from '../../../modules/chats/index.js';
import { JOIN_MODES } from '../../../modules/chats/index.js';
import { text } from '../../../shared/text-schema.js';
import { pageKeys } from '../../../shared/pagination.js';
import { externalChatIdResponse } from '../../shared/chat.schemas.js';

/** Path of everything about one room. */
export const roomParams = Joi.object<{ slug: string }>({
  slug: text(100).trim().required(),
});

/** Query of the list of rooms; `q` is the start of a name. */
export const roomsQuery = Joi.object<RoomsQuery>({ ...pageKeys, q: text(64) });

/** A public room, for anybody. */
export const roomResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  externalId: externalChatIdResponse,
  slug: Joi.string().required(),
  name: Joi.string().required(),
  description: Joi.string().allow(null, '').required(),
  picture: Joi.string().allow(null).required(),
  joinMode: Joi.string()
    .valid(...JOIN_MODES)
    .required()
    .description('How people come in: joining, asking, or by invitation alone'),
  memberCount: Joi.number().integer().required(),
  isMember: Joi.boolean().required(),
  lastMessageAt: Joi.string().isoDate().required(),
  createdAt: Joi.string().isoDate().required(),
}).id('Room');
