import Joi from 'joi';
import { chatIdSchema, userIdSchema } from '../../../shared/external-ids.js';
import { idSchema } from '../../../shared/ids.js';
import { text } from '../../../shared/text-schema.js';
import type { PageQuery } from '../../../shared/pagination.js';
import { pageKeys } from '../../../shared/pagination.js';
import type { SanctionKind } from '../../../modules/chats/index.js';
import { SANCTION_KINDS, SERVER_SANCTION_KINDS } from '../../../modules/chats/index.js';

/** Body of imposing a sanction. */
export interface SanctionBody {
  userId: string;
  kind: SanctionKind;
  reason: string;
  until?: Date;
}
const bodyOf = (kinds: readonly SanctionKind[]) =>
  Joi.object<SanctionBody>({
    userId: userIdSchema.required(),
    kind: Joi.string<SanctionKind>()
      .valid(...kinds)
      .required(),
    reason: text(500)
      .required()
      .description('Told to the person; that of a shadow is not')
      .example('Advertising'),
    until: Joi.date().iso().description('When it ends by itself; left out: when somebody lifts it'),
  });

/** Body of imposing a sanction in a chat. */
export const chatSanctionBody = bodyOf(SANCTION_KINDS);

/** Body of imposing a sanction on the server. */
export const serverSanctionBody = bodyOf(SERVER_SANCTION_KINDS);

/** Query of a list of sanctions. */
export const sanctionsQuery = Joi.object<PageQuery>(pageKeys);

/** Path of one sanction in a chat. */
export const chatSanctionParams = Joi.object<{ chatId: string; sanctionId: string }>({
  chatId: chatIdSchema.required(),
  sanctionId: idSchema.required(),
});

/** Path of one sanction. */
export const sanctionParams = Joi.object<{ sanctionId: string }>({
  sanctionId: idSchema.required(),
});

/** Body of an appeal. */
export const appealBody = Joi.object<{ text: string }>({ text: text(2000).required() });

/** A sanction, as the person sees it. */
export const sanctionResponse = Joi.object({
  id: Joi.string().required(),
  kind: Joi.string()
    .valid(...SERVER_SANCTION_KINDS)
    .required(),
  chatId: Joi.string().allow(null).required().description('null: on the whole server'),
  userId: Joi.string().required(),
  reason: Joi.string().required(),
  until: Joi.string().isoDate().allow(null).required().description('null: until it is lifted'),
  createdAt: Joi.string().isoDate().required(),
  isLifted: Joi.boolean().required(),
  appeal: Joi.object({
    text: Joi.string().required(),
    at: Joi.string().isoDate().required(),
  })
    .allow(null)
    .required(),
}).id('Sanction');

/** A sanction, as those see it who can lift it. */
export const overseenSanctionResponse = sanctionResponse
  .keys({ actorId: Joi.string().required().description('Who has imposed it') })
  .id('OverseenSanction');
