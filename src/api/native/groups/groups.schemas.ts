import Joi from 'joi';
import { chatIdSchema, userIdSchema } from '../../../shared/external-ids.js';
import { metadataSchema, newMetadataSchema } from '../../../shared/metadata.js';
import { nameText, removableText, text } from '../../../shared/text-schema.js';
import type { PageQuery } from '../../../shared/pagination.js';
import { pageKeys } from '../../../shared/pagination.js';
import type { GroupChanges, JoinMode, MemberRole, NewGroup } from '../../../modules/chats/index.js';
import { JOIN_MODES, MEMBER_ROLES, SLUG_MAX_LENGTH } from '../../../modules/chats/index.js';
import { chatResponse } from '../../shared/chat.schemas.js';
import { userCardSchema } from '../../shared/user-card.schemas.js';

/** A group's or room's name. */
const nameSchema = nameText(100).example('Lunch');
const descriptionSchema = removableText(1000);
const pictureSchema = Joi.string()
  .uri({ scheme: ['https'] })
  .max(2048)
  .allow(null)
  .description('https URL of a picture; null removes it');
const memberIdsSchema = Joi.array().items(userIdSchema).max(200);

const joinModeSchema = Joi.string<JoinMode>()
  .valid(...JOIN_MODES)
  .description('Of a room: `open`, to those whose `request` is accepted, or by `invite` alone');

/** Body of `POST /api/chats`. */
export const newGroupBody = Joi.object<NewGroup>({
  kind: Joi.string().valid('group', 'room').required(),
  name: nameSchema.required(),
  clientChatId: text(64).description(
    'Made by the client: a retry under the same id answers with what the first has made (200), ' +
      'or 404 once the maker has left it',
  ),
  slug: text(SLUG_MAX_LENGTH).trim(),
  description: descriptionSchema,
  picture: pictureSchema,
  metadata: metadataSchema,
  joinMode: joinModeSchema,
  memberIds: memberIdsSchema.description(
    'First members; those who have not agreed to be in touch with the caller are invited instead',
  ),
}).when(Joi.object({ kind: Joi.valid('group') }).unknown(), {
  then: Joi.object({ slug: Joi.forbidden(), joinMode: Joi.forbidden() }),
});

/** Body of `PATCH /api/chats/:chatId`; absent fields do not change. */
export const groupChangesBody = Joi.object<GroupChanges>({
  name: nameSchema,
  description: descriptionSchema,
  picture: pictureSchema,
  metadata: newMetadataSchema,
  slowModeSeconds: Joi.number()
    .integer()
    .min(0)
    .max(21_600)
    .description(
      'Seconds that a plain member waits between two messages; moderators may change it',
    ),
  onlyModeratorsPost: Joi.boolean(),
  joinMode: joinModeSchema,
}).min(1);

/** Query of the members. */
export const membersQuery = Joi.object<PageQuery>(pageKeys);

/** Path of one member. */
export const memberParams = Joi.object<{ chatId: string; userId: string }>({
  chatId: chatIdSchema.required(),
  userId: userIdSchema.required(),
});

/** Body of adding members. */
export const addMembersBody = Joi.object<{ userIds: string[] }>({
  userIds: memberIdsSchema.min(1).required(),
});

/** Body of changing a role. */
export const roleBody = Joi.object<{ role: MemberRole }>({
  role: Joi.string()
    .valid(...MEMBER_ROLES)
    .required(),
});

/** A member of a group or room. */
export const memberResponse = userCardSchema
  .keys({
    role: Joi.string()
      .valid(...MEMBER_ROLES)
      .required(),
    joinedAt: Joi.string().isoDate().required(),
  })
  .id('Member');

const invitedSchema = Joi.array()
  .items(Joi.string())
  .required()
  .description(
    'Who has an invite now instead: they have not agreed to be in touch with the caller',
  );

/** The users who were added, and those who were invited. */
export const addedResponse = Joi.object({
  chatId: Joi.string().required(),
  added: Joi.array().items(Joi.string()).required(),
  invited: invitedSchema,
});

/** A group or room that has been made. */
export const newGroupResponse = chatResponse.keys({ invited: invitedSchema }).id('NewGroup');

/** A membership that has ended. */
export const removedResponse = Joi.object({
  chatId: Joi.string().required(),
  userId: Joi.string().required(),
});

/** A membership whose data have changed. */
export const changedMemberResponse = Joi.object({
  chatId: Joi.string().required(),
  userId: Joi.string().required(),
}).id('ChangedMember');

/** A member's role. */
export const roleResponse = removedResponse.keys({ role: Joi.string().required() });
