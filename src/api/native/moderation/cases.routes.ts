import Joi from 'joi';
import type { CaseRecord } from '../../../modules/moderation/index.js';
import { userIdSchema } from '../../../shared/external-ids.js';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import type { AnyCommand } from '../../../transport/socket/command.js';
import { command } from '../../../transport/socket/command.js';
import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import type { CaseEvents } from '../../../modules/moderation/index.js';
import { chatParams } from '../../shared/chat.schemas.js';
import type { UseCases } from '../../shared/use-cases.js';
import {
  assignBody,
  caseActionBody,
  caseParams,
  caseQuery,
  caseResponse,
  ownReportResponse,
  ownReportsQuery,
  reportOfBody,
  reportPayload,
  reportedResponse,
  statisticsQuery,
  statisticsResponse,
} from './cases.schemas.js';
import {
  peopleOf,
  presentCase,
  presentClosedCase,
  presentOwnReport,
  presentStatistics,
} from './cases.shapes.js';

const tag = 'Moderation';
const userParams = Joi.object<{ userId: string }>({ userId: userIdSchema.required() });
const hasMoreField = { hasMore: Joi.boolean().required() };

const presentReported = ({ _id, state }: CaseRecord) => ({ caseId: _id.toHexString(), state });

/** REST endpoints for reporting people and chats, and of the moderators' queue. */
export const caseRoutes = ({ cases, directory }: UseCases): AnyRoute[] => {
  const presented = async (found: CaseRecord[]) => {
    const cards = await directory.cards(found.flatMap(peopleOf));
    return found.map((one) => presentCase(one, cards));
  };
  const presentedOne = async (found: CaseRecord) => ({ data: (await presented([found]))[0] });
  return [
    route({
      method: 'post',
      path: '/api/users/:userId/report',
      summary: 'Report a person to the moderators',
      tag,
      auth: 'user',
      userLimit: 'writes',
      params: userParams,
      body: reportOfBody,
      response: reportedResponse,
      status: 201,
      otherStatuses: [200],
      handle: async ({ actor, params, body }) => {
        const input = { kind: 'user', id: params.userId, ...body } as const;
        const { found, isNew } = await cases.report(actor, input);
        return { data: presentReported(found), status: isNew ? 201 : 200 };
      },
    }),
    route({
      method: 'post',
      path: '/api/chats/:chatId/report',
      summary: 'Report a chat to the moderators',
      tag,
      auth: 'user',
      userLimit: 'writes',
      params: chatParams,
      body: reportOfBody,
      response: reportedResponse,
      status: 201,
      otherStatuses: [200],
      handle: async ({ actor, params, body }) => {
        const input = { kind: 'chat', id: params.chatId, ...body } as const;
        const { found, isNew } = await cases.report(actor, input);
        return { data: presentReported(found), status: isNew ? 201 : 200 };
      },
    }),
    route({
      method: 'get',
      path: '/api/reports',
      summary: 'What I have reported and what became of it, newest first',
      tag,
      auth: 'user',
      userLimit: 'reads',
      query: ownReportsQuery,
      response: Joi.array().items(ownReportResponse),
      extra: hasMoreField,
      handle: async ({ actor, query }) => {
        const { items, hasMore } = await cases.mine(actor, query);
        const data = items.map(({ found, report }) => presentOwnReport(found, report));
        return { data, extra: { hasMore } };
      },
    }),
    route({
      method: 'get',
      path: '/api/chats/:chatId/reports',
      summary: 'Reported messages of a chat, for its moderators, newest first',
      tag,
      auth: 'user',
      userLimit: 'reads',
      params: chatParams,
      query: caseQuery,
      response: Joi.array().items(caseResponse),
      extra: hasMoreField,
      handle: async ({ actor, params, query }) => {
        const { cases: found, hasMore } = await cases.ofChat(actor, { ...query, ...params });
        return { data: await presented(found), extra: { hasMore } };
      },
    }),
    route({
      method: 'get',
      path: '/api/admin/cases',
      summary: 'The queue of cases: all reports of one thing, newest first',
      tag,
      auth: 'admin',
      userLimit: 'reads',
      query: caseQuery,
      response: Joi.array().items(caseResponse),
      extra: hasMoreField,
      handle: async ({ query }) => {
        const { cases: found, hasMore } = await cases.list(query);
        return { data: await presented(found), extra: { hasMore } };
      },
    }),
    route({
      method: 'get',
      path: '/api/admin/cases/statistics',
      summary: 'Cases of a span of time by state and category, and how long decisions took',
      tag,
      auth: 'admin',
      userLimit: 'reads',
      query: statisticsQuery,
      response: statisticsResponse,
      handle: async ({ query }) => ({
        data: presentStatistics(await cases.statistics(query.from, query.to)),
      }),
    }),
    route({
      method: 'get',
      path: '/api/admin/cases/:caseId',
      summary: 'One case',
      tag,
      auth: 'admin',
      userLimit: 'reads',
      params: caseParams,
      response: caseResponse,
      handle: async ({ params }) => presentedOne(await cases.one(params.caseId)),
    }),
    route({
      method: 'post',
      path: '/api/admin/cases/:caseId/assign',
      summary: 'Give a case to a moderator, or back to the queue',
      tag,
      auth: 'admin',
      userLimit: 'writes',
      params: caseParams,
      body: assignBody,
      response: caseResponse,
      handle: async ({ actor, params, body }) =>
        presentedOne(await cases.assign(actor, params.caseId, body.assigneeId)),
    }),
    route({
      method: 'post',
      path: '/api/admin/cases/:caseId/actions',
      summary: 'Act on a case and close it: delete, warn, silence, ban or dismiss',
      tag,
      auth: 'admin',
      userLimit: 'writes',
      params: caseParams,
      body: caseActionBody,
      response: caseResponse,
      handle: async ({ actor, params, body }) =>
        presentedOne(await cases.act(actor, params.caseId, body)),
    }),
  ];
};

/** The socket command that reports a message, a person or a chat. */
export const caseCommands = ({ reports }: UseCases): AnyCommand[] => [
  command({
    event: 'report',
    dialect: 'native',
    summary: 'Report a message, a person or a chat to the moderators',
    schema: reportPayload,
    answer: reportedResponse,
    userLimit: 'writes',
    handle: async ({ actor }, { messageId, userId, chatId = '', ...report }) => {
      const input =
        messageId !== undefined
          ? ({ kind: 'message', id: messageId } as const)
          : userId !== undefined
            ? ({ kind: 'user', id: userId } as const)
            : ({ kind: 'chat', id: chatId } as const);
      const { found } = await reports.reportCase(actor, { ...input, ...report });
      return { data: presentReported(found) };
    },
  }),
];

/** How reporters' native devices hear of decisions. */
export const caseRenderings: RenderingTable<CaseEvents> = {
  dialect: 'native',
  renderings: {
    'case.closed': renders(['report_resolved'], (event) => [
      { event: 'report_resolved', payload: presentClosedCase(event) },
    ]),
  },
};
