import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { idSchema } from '../../../shared/ids.js';
import { removableText, visibleText } from '../../../shared/text-schema.js';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../../shared/pagination.js';
import { messageParams } from '../../shared/message.schemas.js';
import { presentReport } from './reports.shapes.js';
import { reportResponse } from './reports.schemas.js';
import { REPORT_STATUSES } from '../../../modules/moderation/index.js';
import { categorySchema } from '../moderation/cases.schemas.js';
import type {
  ReportCategory,
  ReportStatus,
  ReportQuery,
} from '../../../modules/moderation/index.js';
import type { UseCases } from '../../shared/use-cases.js';

const reportBody = Joi.object<{ reason: string; category: ReportCategory }>({
  reason: visibleText(1000).trim().required(),
  category: categorySchema.default('other'),
});
const resolveBody = Joi.object<{ note: string }>({
  note: removableText(2000).default(''),
});
const reportParams = Joi.object<{ reportId: string }>({ reportId: idSchema.required() });
const reportQuery = Joi.object<ReportQuery>({
  status: Joi.string<ReportStatus>().valid(...REPORT_STATUSES),
  before: idSchema.description('Id of a report: only older ones'),
  limit: Joi.number().integer().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
});

/** The endpoints for reporting a message and for the admins' queue. */
export const reportRoutes = ({ reports, directory }: UseCases): AnyRoute[] => [
  route({
    method: 'post',
    path: '/api/messages/:messageId/report',
    summary: 'Report a message to the admins',
    tag: 'Messages',
    auth: 'user',
    userLimit: 'writes',
    params: messageParams,
    body: reportBody,
    response: Joi.object({ reportId: Joi.string().required(), status: Joi.string().required() }),
    status: 201,
    otherStatuses: [200],
    handle: async ({ actor, params, body }) => {
      const { report, created } = await reports.report(
        actor,
        params.messageId,
        body.reason,
        body.category,
      );
      return {
        data: { reportId: report._id.toHexString(), status: report.status },
        status: created ? 201 : 200,
      };
    },
  }),
  route({
    method: 'get',
    path: '/api/admin/reports',
    summary: 'Reported messages, newest first',
    tag: 'Admin',
    auth: 'admin',
    userLimit: 'reads',
    query: reportQuery,
    response: Joi.array().items(reportResponse),
    extra: { hasMore: Joi.boolean().required() },
    handle: async ({ query }) => {
      const { reports: found, hasMore } = await reports.list(query);
      const people = found.flatMap(({ reporterId, snapshot }) => [reporterId, snapshot.senderId]);
      const cards = await directory.cards(people.map((id) => id.toHexString()));
      return { data: found.map((report) => presentReport(report, cards)), extra: { hasMore } };
    },
  }),
  route({
    method: 'post',
    path: '/api/admin/reports/:reportId/resolve',
    summary: 'Close a report with a note',
    tag: 'Admin',
    auth: 'admin',
    userLimit: 'writes',
    params: reportParams,
    body: resolveBody,
    response: reportResponse,
    handle: async ({ actor, params, body }) => {
      const report = await reports.resolve(actor, params.reportId, body.note);
      const cards = await directory.cards([
        report.reporterId.toHexString(),
        report.snapshot.senderId.toHexString(),
      ]);
      return { data: presentReport(report, cards) };
    },
  }),
];
