import Joi from 'joi';
import {
  CASE_ACTIONS,
  CASE_KINDS,
  CASE_STATES,
  REPORT_CATEGORIES,
} from '../../../modules/moderation/index.js';
import type {
  CaseAction,
  CaseActionInput,
  CaseKind,
  CaseQuery,
  CaseState,
  ReportCategory,
} from '../../../modules/moderation/index.js';
import { chatIdSchema, userIdSchema } from '../../../shared/external-ids.js';
import { idSchema } from '../../../shared/ids.js';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../../shared/pagination.js';
import { removableText, visibleText } from '../../../shared/text-schema.js';
import { personOrNull } from '../../shared/user-card.schemas.js';
import { attachmentResponse } from '../../shared/message.schemas.js';

/** Why somebody reports. */
export const categorySchema = Joi.string<ReportCategory>().valid(...REPORT_CATEGORIES);

/** Body of a report of a person or a chat. */
export const reportOfBody = Joi.object<{ category: ReportCategory; text: string }>({
  category: categorySchema.required(),
  text: removableText(1000).trim().default(''),
});

/** Payload of the socket command `report`. */
export const reportPayload = Joi.object<{
  messageId?: string;
  userId?: string;
  chatId?: string;
  category: ReportCategory;
  text: string;
}>({
  messageId: idSchema,
  userId: userIdSchema,
  chatId: chatIdSchema,
  category: categorySchema.required(),
  text: removableText(1000).trim().default(''),
}).xor('messageId', 'userId', 'chatId');

export const caseParams = Joi.object<{ caseId: string }>({ caseId: idSchema.required() });

const before = idSchema.description('Id of a case: only older ones');
const limit = Joi.number().integer().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT);

export const ownReportsQuery = Joi.object<{ before?: string; limit: number }>({ before, limit });

export const caseQuery = Joi.object<CaseQuery>({
  state: Joi.string<CaseState>().valid(...CASE_STATES),
  kind: Joi.string<CaseKind>().valid(...CASE_KINDS),
  category: categorySchema,
  assigneeId: userIdSchema,
  before,
  limit,
});

export const assignBody = Joi.object<{ assigneeId: string | null }>({
  assigneeId: userIdSchema.allow(null).required().description('null: back to the queue'),
});

export const caseActionBody = Joi.object<CaseActionInput>({
  action: Joi.string<CaseAction>()
    .valid(...CASE_ACTIONS)
    .required(),
  scope: Joi.string()
    .valid('chat', 'server')
    .description('Of `silence` and `ban`: in the chat of the case, or on the server (the default)'),
  until: Joi.date().iso().description('When a silence or a ban ends by itself'),
  reason: Joi.when('action', {
    is: Joi.valid('warn', 'silence', 'ban'),
    then: visibleText(1000).trim().required(),
    otherwise: removableText(1000).trim().default(''),
  }).description('Told to the person that the case is about; for `warn` the warning'),
  note: removableText(1000).trim().default('').description('Told to the reporters'),
});

export const statisticsQuery = Joi.object<{ from: Date; to: Date }>({
  from: Joi.date().iso().required(),
  to: Joi.date().iso().greater(Joi.ref('from')).required(),
});

const stateSchema = Joi.string().valid(...CASE_STATES);
const time = Joi.string().isoDate();
const counts = (names: readonly string[]) =>
  Joi.object(Object.fromEntries(names.map((name) => [name, Joi.number().integer().required()])));

/** A case, as moderators see it. */
export const caseResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  kind: Joi.string()
    .valid(...CASE_KINDS)
    .required(),
  targetId: Joi.string().required().description('Id of the message, the person or the chat'),
  chatId: Joi.string().allow(null).required(),
  accused: personOrNull,
  state: stateSchema.required(),
  assignee: personOrNull,
  context: Joi.object({
    name: Joi.string().allow('').required(),
    messages: Joi.array()
      .items(
        Joi.object({
          messageId: Joi.string().required(),
          seq: Joi.number().integer().required(),
          senderId: Joi.string().required(),
          senderName: Joi.string().allow('').required(),
          messageType: Joi.string().required(),
          content: Joi.string().allow('').required(),
          media: Joi.array().items(attachmentResponse).required(),
          createdAt: time.required(),
        }),
      )
      .required(),
  })
    .required()
    .description('As it was when it was first reported'),
  reports: Joi.array()
    .items(
      Joi.object({
        reporter: personOrNull,
        category: categorySchema.required(),
        text: Joi.string().allow('').required(),
        at: time.required(),
      }),
    )
    .required(),
  reportCount: Joi.number().integer().required(),
  categories: counts(REPORT_CATEGORIES).required(),
  decision: Joi.object({
    action: Joi.string()
      .valid(...CASE_ACTIONS)
      .required(),
    byId: Joi.string().required(),
    note: Joi.string().allow('').required(),
    at: time.required(),
  })
    .allow(null)
    .required(),
  createdAt: time.required(),
  closedAt: time.allow(null).required(),
}).id('Case');

/** A case, as one of its reporters sees it. */
export const ownReportResponse = Joi.object({
  caseId: Joi.string().required(),
  kind: Joi.string()
    .valid(...CASE_KINDS)
    .required(),
  targetId: Joi.string().required(),
  category: categorySchema.required(),
  text: Joi.string().allow('').required(),
  state: stateSchema.required(),
  note: Joi.string().allow('').required().description('What the moderators answer'),
  reportedAt: time.required(),
  closedAt: time.allow(null).required(),
}).id('OwnReport');

export const reportedResponse = Joi.object({
  caseId: Joi.string().required(),
  state: stateSchema.required(),
});

export const statisticsResponse = Joi.object({
  states: counts(CASE_STATES).required(),
  categories: counts(REPORT_CATEGORIES).required(),
  averageSecondsToClose: Joi.number().allow(null).required(),
});
