import Joi from 'joi';
import type { Attachment, HistoryQuery, MessageType } from '../../../modules/messages/index.js';
import type { ChatFilter, GroupChanges } from '../../../modules/chats/index.js';
import type {
  NewServerChat,
  NewServerUser,
  ServerUserFields,
} from '../../../modules/server-calls/index.js';
import type { AccountQuery, MintOptions } from '../../../modules/users/index.js';
import { emailSchema, nameSchema, newUsernameSchema } from '../../../modules/users/index.js';
import { userIdSchema } from '../../../shared/external-ids.js';
import { idSchema } from '../../../shared/ids.js';
import type { Metadata } from '../../../shared/metadata.js';
import {
  metadataParameters,
  metadataResponse,
  metadataSchema,
  newMetadataSchema,
} from '../../../shared/metadata.js';
import type { PageQuery } from '../../../shared/pagination.js';
import { pageKeys } from '../../../shared/pagination.js';
import { nameText, removableText, text } from '../../../shared/text-schema.js';
import { chatResponse } from '../../shared/chat.schemas.js';
import type { CustomBody } from '../../shared/message.schemas.js';
import {
  captionSchema,
  clientMessageIdSchema,
  contentSchema,
  customKeys,
  mediaSchema,
} from '../../shared/message.schemas.js';
import { messageTypeSchema } from '../../shared/message-type.js';
import { accountResponse } from '../admin/admin.schemas.js';
import { memberResponse } from '../groups/groups.schemas.js';

const externalIdSchema = text(128)
  .min(1)
  .pattern(/^\P{Cc}+$/u, 'no control characters')
  .description('The id in your product; unique')
  .example('42');

const pictureSchema = Joi.string()
  .uri({ scheme: ['https'] })
  .max(2048)
  .allow(null)
  .description('https URL of a picture; null removes it');

const userKeys = {
  username: newUsernameSchema,
  email: emailSchema,
  firstName: nameSchema,
  lastName: nameSchema,
  bio: removableText(500),
  avatar: pictureSchema,
};

/** Body of `POST /api/server/users`. */
export const newUserBody = Joi.object<NewServerUser>({
  ...userKeys,
  externalId: externalIdSchema,
  metadata: metadataSchema,
}).or('username', 'externalId', 'firstName', 'lastName');

/** Body of `PATCH /api/server/users/:userId`; absent fields do not change. */
export const userChangesBody = Joi.object<ServerUserFields>({
  ...userKeys,
  metadata: newMetadataSchema,
}).min(1);

/** Most accounts in one call. */
const MAX_BULK = 100;

/** Body of `POST /api/server/users/bulk`. */
export const bulkBody = Joi.object<{ users: (NewServerUser & { externalId: string })[] }>({
  users: Joi.array()
    .items(
      Joi.object({
        ...userKeys,
        externalId: externalIdSchema.required(),
        metadata: newMetadataSchema,
      }),
    )
    .min(1)
    .max(MAX_BULK)
    .unique('externalId')
    .required(),
});

/** Path of a user. */
export const userParams = Joi.object<{ userId: string }>({ userId: userIdSchema.required() });

/** Builds the query of the list of users from the keys of metadata by whose value one may search. */
export const usersQuery = (metadataKeys: string[]): Joi.ObjectSchema<AccountQuery> =>
  Joi.object<AccountQuery>({
    ...pageKeys,
    ...metadataParameters(metadataKeys),
    q: text(100).trim().description('Words, or their beginnings, of a username and names'),
    status: Joi.string<'active' | 'deactivated'>().valid('active', 'deactivated'),
  });

/** A minute, and thirty days, in seconds. */
const [MIN_LIFE, MAX_LIFE] = [60, 2_592_000];

/** Body of `POST /api/server/users/:userId/token`. */
export const tokenBody = Joi.object<MintOptions>({
  expiresIn: Joi.number()
    .integer()
    .min(MIN_LIFE)
    .max(MAX_LIFE)
    .description('Seconds; as long as other access tokens when absent'),
  withRefreshToken: Joi.boolean()
    .default(false)
    .description('Whether a refresh token comes with it; else the login ends with its token'),
});

/** An account, as its server sees it. */
export const serverUserResponse = accountResponse
  .keys({ externalId: Joi.string(), issuer: Joi.string().allow('') })
  .id('ServerUser');

/** What has become of each account, in their order. */
export const bulkResponse = Joi.array().items(
  Joi.object({
    externalId: Joi.string().required(),
    status: Joi.string().valid('created', 'updated', 'failed').required(),
    user: serverUserResponse,
    error: Joi.object({
      code: Joi.string().required(),
      message: Joi.string().required(),
    }).description('With the status `failed`'),
  }).id('UpsertResult'),
);

/** A login that a server has made. */
export const tokenResponse = Joi.object({
  token: Joi.string().required(),
  refreshToken: Joi.string(),
  expiresIn: Joi.number().integer().required().description('Seconds'),
  sessionId: Joi.string().required(),
  user: serverUserResponse.required(),
}).id('MintedLogin');

/** Logins that have ended. */
export const revokedResponse = Joi.object({ ended: Joi.number().integer().required() });

const nameOfChat = nameText(100).example('Order A-1042');
const descriptionSchema = removableText(1000);
const memberIds = Joi.array().items(userIdSchema).max(200);

/** Body of `POST /api/server/chats`. */
export const newChatBody = Joi.object<NewServerChat>({
  kind: Joi.string().valid('direct', 'group', 'room').required(),
  userIds: Joi.array()
    .items(userIdSchema)
    .length(2)
    .unique()
    .when('kind', { is: 'direct', then: Joi.required(), otherwise: Joi.forbidden() })
    .description('The two people of a direct chat; the first counts as its initiator'),
  name: nameOfChat.when('kind', { is: 'direct', then: Joi.forbidden(), otherwise: Joi.required() }),
  ownerId: userIdSchema
    .when('kind', { is: 'direct', then: Joi.forbidden() })
    .description('Without it, the first member owns a group, and nobody owns a room'),
  memberIds: memberIds.when('kind', { is: 'direct', then: Joi.forbidden() }),
  slug: text(64)
    .trim()
    .when('kind', { is: 'room', otherwise: Joi.forbidden() })
    .description('Of a room: its name in addresses'),
  description: descriptionSchema.when('kind', { is: 'direct', then: Joi.forbidden() }),
  picture: pictureSchema.when('kind', { is: 'direct', then: Joi.forbidden() }),
  externalId: externalIdSchema,
  metadata: metadataSchema,
});

/** Body of `PATCH /api/server/chats/:chatId`; absent fields do not change. */
export const chatChangesBody = Joi.object<GroupChanges>({
  name: nameOfChat,
  description: descriptionSchema,
  picture: pictureSchema,
  metadata: newMetadataSchema,
}).min(1);

/** Builds the query of the list of chats from the keys of metadata by whose value one may search. */
export const serverChatsQuery = (
  metadataKeys: string[],
): Joi.ObjectSchema<PageQuery & ChatFilter> =>
  Joi.object<PageQuery & ChatFilter>({
    ...pageKeys,
    ...metadataParameters(metadataKeys),
    kind: Joi.string().valid('direct', 'group', 'room'),
    externalId: externalIdSchema,
  });

/** A chat, as servers see it. */
export const serverChatResponse = chatResponse.keys({ externalId: Joi.string() }).id('ServerChat');

/** Query of the members. */
export const membersQuery = Joi.object<PageQuery>(pageKeys);

/** Body of adding members. */
export const addMembersBody = Joi.object<{ userIds: string[] }>({
  userIds: memberIds.min(1).required(),
});

/** The users who were added; the others were members already. */
export const addedResponse = Joi.object({
  chatId: Joi.string().required(),
  added: Joi.array().items(Joi.string()).required(),
});

/** Body of a member's data. */
export const memberMetadataBody = Joi.object<{ metadata: Metadata | null }>({
  metadata: newMetadataSchema.required(),
});

/** A member, with the data that they have about the chat. */
export const serverMemberResponse = memberResponse
  .keys({ metadata: metadataResponse })
  .id('ServerMember');

/** A chat that has been removed. */
export const removedChatResponse = Joi.object({
  chatId: Joi.string().required(),
  deleted: Joi.boolean().required(),
});

/** Body of `POST /api/server/chats/:chatId/messages`. */
export interface ServerSendBody extends CustomBody {
  senderId?: string;
  content?: string;
  messageType?: MessageType;
  media?: Attachment[];
  replyTo?: string;
  clientMessageId?: string;
}

const senderId = userIdSchema.description(
  'The member in whose name it is done, with the scope `act-as`; the system when absent',
);

/** Builds the schema of a server's message from the longest text allowed. */
export const serverSendBody = (maxLength: number): Joi.ObjectSchema<ServerSendBody> =>
  Joi.object<ServerSendBody>({
    senderId,
    ...customKeys('content', captionSchema(maxLength)),
    messageType: messageTypeSchema,
    media: mediaSchema,
    replyTo: idSchema,
    clientMessageId: clientMessageIdSchema,
  }).or('content', 'media');

/** Body of `PATCH /api/server/messages/:messageId`. */
export interface ServerEditBody {
  senderId?: string;
  content?: string;
  metadata?: Metadata | null;
}

/** Builds the schema of a change from the longest text allowed. */
export const serverEditBody = (maxLength: number): Joi.ObjectSchema<ServerEditBody> =>
  Joi.object<ServerEditBody>({
    senderId,
    content: contentSchema(maxLength).allow(''),
    metadata: newMetadataSchema,
  }).or('content', 'metadata');

/** Query of the messages of a chat. */
export const serverHistoryQuery = Joi.object<HistoryQuery>({
  ...pageKeys,
  before: Joi.number().integer().min(0),
  after: Joi.number().integer().min(0),
  around: Joi.number().integer().min(0),
}).oxor('before', 'after', 'around');

/** Builds the query of the search by metadata, of the keys by whose value one may search. */
export const serverSearchQuery = (metadataKeys: string[]): Joi.ObjectSchema<PageQuery> => {
  const parameters = metadataParameters(metadataKeys);
  const query = Joi.object<PageQuery>({ ...pageKeys, ...parameters });
  const names = Object.keys(parameters);
  return names.length > 0 ? query.or(...names, { separator: false }) : query;
};
