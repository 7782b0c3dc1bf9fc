import Joi from 'joi';
import type { SyncRequest } from '../../../modules/sync/index.js';
import { chatResponse } from '../../shared/chat.schemas.js';
import { messageResponse } from '../../shared/message.schemas.js';
import { byChatId, chatIdSchema, givenNames } from '../../../shared/external-ids.js';

/** Chats that one request may name; a client with more sends several requests, with `after` and `until`. */
export const MAX_LISTED = 3000;
/** Messages in one answer: at most, and by default. */
const MAX_MESSAGES = 1000;
const DEFAULT_MESSAGES = 500;

/** What a client asks for, and how it has called the chats that it has named by external ids. */
export type SyncInput = SyncRequest & { given?: ReadonlyMap<string, string> };

/** Body of `POST /api/sync` and payload of `sync`. */
export const syncSchema = Joi.object<SyncInput>({
  chats: byChatId(Joi.number().integer().min(0))
    .max(MAX_LISTED)
    .default({})
    .description('By chat id, the version up to which I have everything'),
  tags: byChatId(Joi.string().max(32))
    .max(MAX_LISTED)
    .default({})
    .description('By chat id, the tag of the state that I have'),
  scope: Joi.string()
    .valid('all', 'listed')
    .default('all')
    .description('`listed`: look at the chats in `chats` only, report no others'),
  after: chatIdSchema.description('Look only at chats whose id comes after this one'),
  until: chatIdSchema.description('Look only at chats whose id is this one or comes before it'),
  limit: Joi.number().integer().min(1).max(MAX_MESSAGES).default(DEFAULT_MESSAGES),
}).custom((value: SyncInput, helpers) => {
  const { chats = {} } = helpers.original as Partial<SyncRequest>;
  const given = givenNames(chats, helpers);
  return given ? { ...value, given } : value;
});

const newestResponse = Joi.object({
  seq: Joi.number().integer().required(),
  version: Joi.number().integer().required(),
}).description("The chat's newest numbers");

/** One chat in which something has changed. */
const syncedChatResponse = Joi.object({
  chatId: Joi.string().required(),
  isNew: Joi.boolean().required().description('The request did not name the chat'),
  isReset: Joi.boolean()
    .required()
    .description('Forget what you had of the chat: `messages` is its newest page'),
  error: Joi.object({
    code: Joi.string().valid('CURSOR_TOO_OLD').required(),
    message: Joi.string().required(),
  })
    .allow(null)
    .required()
    .description('Why the client must start the chat again'),
  chat: chatResponse.required(),
  settings: Joi.object({
    clearedSeq: Joi.number().integer().required(),
    hiddenSeq: Joi.number().integer().allow(null).required(),
    archivedSeq: Joi.number().integer().allow(null).required(),
  })
    .required()
    .description('My own marks: history cleared, chat deleted and archived up to these numbers'),
  positions: Joi.array()
    .items(
      Joi.object({
        userId: Joi.string().required(),
        lastReadSeq: Joi.number().integer().required(),
        lastDeliveredSeq: Joi.number().integer().required(),
        isDeactivated: Joi.boolean()
          .valid(true)
          .description('There, and true, while the account is closed: nobody waits for it to read'),
      }),
    )
    .required()
    .description('How far the members have read and received; empty in a chat of over 100 members'),
  messages: Joi.array().items(messageResponse).required().description('As they are now'),
  hidden: Joi.array()
    .items(Joi.string())
    .required()
    .description('Ids of messages that I have deleted for myself'),
  version: Joi.number().integer().required().description('What to ask from next'),
  hasMore: Joi.boolean().required(),
  head: newestResponse.required(),
  tag: Joi.string().required().description('Stands for `chat`, `settings` and `positions`'),
}).id('SyncedChat');

/** The answer of a sync. */
export const syncResponse = Joi.object({
  chats: Joi.array().items(syncedChatResponse).required(),
  removed: Joi.array()
    .items(Joi.string())
    .required()
    .description(
      'Chats of the request that are not mine, or no longer, as the request has named them',
    ),
  held: Joi.array()
    .items(messageResponse)
    .required()
    .description(
      'All of my messages that wait for a moderator, in my chats or in those listed; none with `after`',
    ),
  blocked: Joi.array()
    .items(Joi.string())
    .required()
    .description('Ids of all whom I have blocked: their messages come marked with `isFromBlocked`'),
  hasMore: Joi.boolean().required().description('Ask again with the versions and tags received'),
  serverTime: Joi.string().isoDate().required(),
}).id('Sync');
