import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { userIdSchema } from '../../../shared/external-ids.js';
import { idSchema } from '../../../shared/ids.js';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../../shared/pagination.js';
import { presentUserCard } from '../../shared/user-card.shapes.js';
import { userCardSchema } from '../../shared/user-card.schemas.js';
import type {
  AuditEvent,
  AuditFilter,
  AuditQuery,
  UserCard,
} from '../../../modules/users/index.js';
import { AUDIT_OUTCOMES } from '../../../modules/users/index.js';
import type { UseCases } from '../../shared/use-cases.js';

/** Longest time for an export, in milliseconds. */
const EXPORT_MS = 10 * 60_000;

const filters = {
  userId: userIdSchema.description('Who has acted, or to whom it was done'),
  action: Joi.string()
    .max(64)
    .pattern(/^[a-z_]+\.[a-z_]*$/)
    .example('auth.login_failed')
    .description('The action; `users.` stands for all that begin with it'),
  from: Joi.date().iso().description('Begun at this time or later'),
  to: Joi.date().iso().description('Begun before this time'),
};
const exportQuery = Joi.object<AuditFilter>(filters);
const auditQuery = Joi.object<AuditQuery>({
  ...filters,
  before: idSchema.description('Id of an event: only older ones'),
  limit: Joi.number().integer().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
});

const auditEventResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  actorId: Joi.string()
    .allow(null)
    .required()
    .description('null for a server key, and for a program on the server, such as make-admin'),
  keyId: Joi.string().description('Id of the server key that has acted; absent for others'),
  actor: userCardSchema.allow(null).required(),
  action: Joi.string().required().example('users.deactivate'),
  subject: Joi.string().required().description('Id of whom or what it was done to'),
  details: Joi.object().unknown().allow(null).required(),
  outcome: Joi.string()
    .valid(...AUDIT_OUTCOMES)
    .required()
    .description('`begun` for good when the server stopped before the action had ended'),
  at: Joi.string().isoDate().required(),
}).id('AuditEvent');

const factsOf = (event: AuditEvent) => ({
  id: event._id.toHexString(),
  _id: event._id.toHexString(),
  actorId: event.actorId?.toHexString() ?? null,
  ...(event.keyId && { keyId: event.keyId.toHexString() }),
  action: event.action,
  subject: event.subject,
  details: event.details ?? null,
  outcome: event.outcome,
  at: event.at.toISOString(),
});

const presentAuditEvent = (event: AuditEvent, actor: UserCard | undefined) => ({
  ...factsOf(event),
  actor: actor ? presentUserCard(actor) : null,
});

/**
 * The trail as JSON Lines. One event is in memory at a time with what the response's buffer holds: a client that reads
 * slowly slows the reading down, and one that goes ends it.
 */
async function* linesOf(events: AsyncIterable<AuditEvent>): AsyncGenerator<string> {
  for await (const event of events) yield `${JSON.stringify(factsOf(event))}\n`;
}

/** The endpoints by which admins read the audit trail. */
export const auditRoutes = ({ audit: trail, directory }: UseCases): AnyRoute[] => [
  route({
    method: 'get',
    path: '/api/admin/audit',
    summary: 'What admins have done, and logins, newest first',
    tag: 'Admin',
    auth: 'admin',
    userLimit: 'reads',
    query: auditQuery,
    response: Joi.array().items(auditEventResponse),
    extra: { hasMore: Joi.boolean().required() },
    handle: async ({ query }) => {
      const { events, hasMore } = await trail.list(query);
      const actorIds = events.flatMap(({ actorId }) => actorId?.toHexString() ?? []);
      const cards = await directory.cards(actorIds);
      return {
        data: events.map((event) =>
          presentAuditEvent(event, cards.get(event.actorId?.toHexString() ?? '')),
        ),
        extra: { hasMore },
      };
    },
  }),
  route({
    method: 'get',
    path: '/api/admin/audit/export',
    summary: 'The audit trail as JSON Lines, newest first: an event a line',
    tag: 'Admin',
    auth: 'admin',
    userLimit: 'reads',
    query: exportQuery,
    timeoutMs: EXPORT_MS,
    handle: async ({ actor, query, res }) => {
      await trail.record(actor, 'audit.export', actor.userId, { ...query });
      res.setHeader('Content-Type', 'application/jsonl; charset=utf-8');
      res.setHeader('Content-Disposition', 'attachment; filename="audit.jsonl"');
      const lines = Readable.from(linesOf(trail.each(query)), { objectMode: true });
      await pipeline(lines, res).catch((error: unknown) => {
        // The client has gone.
        if ((error as { code?: string }).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
      });
      return undefined;
    },
  }),
];
