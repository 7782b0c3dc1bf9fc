import { Router } from 'express';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { admitAdmin } from '../../shared/admit-admin.js';
import { AppError } from '../../shared/errors.js';
import type { ExternalIdLookup } from '../../shared/external-ids.js';
import { ExternalIds } from '../../shared/external-ids.js';
import type { Authenticator } from '../../shared/authenticator.js';
import type { Actor } from '../../shared/actor.js';
import type { ServerCaller } from '../../shared/server-caller.js';
import type { WorkTracker } from '../../platform/work-tracker.js';
import type { UserLimits } from '../../platform/user-limits.js';
import type { UserTurns } from '../../platform/user-turns.js';
import { withDeadline } from '../../shared/deadline.js';
import { validateParts } from '../../shared/validate.js';
import Joi from 'joi';
import type { AnyRoute, Reply } from './route.js';
import { jsonBody } from './json-body.js';
import type { ServerCallContext } from './server-calls.js';
import { admitServer, answerOnce } from './server-calls.js';
import { whenClosed } from './when-closed.js';

/** What the routes need of the rest of the server. */
export interface RouteContext extends ServerCallContext {
  authenticator: Authenticator;
  /** Rejects with FORBIDDEN unless the user is an admin now, whatever the login remembers. */
  requireAdmin(actor: Actor): Promise<void>;
  userLimits: UserLimits;
  /** Where a signed-in user's requests take their turn, and where the uploads do. */
  userTurns: UserTurns;
  uploadTurns: UserTurns;
  /** Finds what an input names by the ids of other products. */
  externalIdLookup: ExternalIdLookup;
  work: Pick<WorkTracker, 'admit' | 'begin'>;
  /** Kilobytes of a JSON body from somebody who is not signed in; 0: as many as from a user. */
  maxAnonymousBodyKb: number;
  /** Longest time in milliseconds to answer a request. */
  timeoutMs: number;
  /** Requests that may be under way at a time; the next one is refused as OVERLOADED. */
  maxRequests: number;
}

const NOTHING = Joi.object({});

/** The token of an `Authorization: Bearer` header. */
export const bearerToken = (req: Request): string | undefined =>
  /^Bearer (\S+)$/i.exec(req.headers.authorization ?? '')?.[1];

/**
 * Refuses what is given up under load, authenticates where the route asks for it, then applies the limit
 * that fits the caller.
 */
const admit =
  (route: AnyRoute, context: RouteContext): RequestHandler =>
  async (req, res, next) => {
    const { authenticator, requireAdmin, limits, userLimits, work } = context;
    if (route.shedAs) work.admit(route.shedAs);
    if (route.auth === 'none') {
      await limits.consume(route.limit ?? 'general', req, res);
      next();
      return;
    }
    const token = bearerToken(req);
    if (route.auth === 'server') {
      res.locals.actor = await admitServer(route, context, token, req, res);
      next();
      return;
    }
    const isEnrolling = route.isForEnrolment === true;
    const actor = await authenticator
      .authenticate(token, { isEnrolling })
      .catch(async (error: unknown) => {
        await limits.consume('general', req, res);
        throw error;
      });
    res.locals.actor = actor;
    await limits.consume('user', req, res, actor.userId);
    if (route.auth === 'admin') await admitAdmin(actor, requireAdmin);
    if (route.userLimit) await userLimits.consume(route.userLimit, actor.userId);
    next();
  };

/**
 * An upload's turn lasts from before its body is read until the connection is done with it: it may take
 * minutes, and fills the disk meanwhile.
 */
const awaitUploadTurn =
  ({ uploadTurns }: RouteContext): RequestHandler =>
  (req, res, next) => {
    const { userId } = res.locals.actor as Actor;
    const upload = () =>
      new Promise<void>((resolve) => {
        whenClosed(req, res, resolve);
        next();
      });
    uploadTurns.run(userId, upload, () => !res.closed).catch(next);
  };

/**
 * Whether a request brings a body: its framing says so. Its content type does not, which many clients set
 * on every request; but a body in pieces may turn out to be empty, and then nobody gave it a type.
 */
const hasBody = ({ headers }: Request): boolean =>
  Number(headers['content-length']) > 0 ||
  ('transfer-encoding' in headers && headers['content-type'] !== undefined);

/** Refuses a body whose type no parser has read, instead of treating it as empty. */
const bodyOf = (req: Request): unknown => {
  if (req.body === undefined && hasBody(req)) {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json');
  }
  return (req.body as unknown) ?? {};
};

const send = (res: Response, route: AnyRoute, reply: Reply): void => {
  res.status(reply.status ?? route.status ?? 200).json({
    success: true,
    ...(reply.message !== undefined && { message: reply.message }),
    data: reply.data,
    ...(reply.pagination && { pagination: reply.pagination }),
    ...reply.extra,
  });
};

const isUpload = ({ auth, userLimit }: AnyRoute): boolean =>
  auth !== 'none' && userLimit === 'uploads';

/** Whose turn a call takes: its user's, or its server key's. */
const turnOf = (caller: Actor | ServerCaller): string =>
  'keyId' in caller ? caller.keyId : caller.userId;

const run =
  (route: AnyRoute, context: RouteContext): RequestHandler =>
  async (req, res) => {
    const caller = res.locals.actor as Actor | ServerCaller | undefined;
    const externalIds = new ExternalIds();
    const body = route.method === 'get' ? {} : bodyOf(req);
    const validated = () =>
      validateParts(
        {
          params: { schema: route.params ?? NOTHING, input: req.params },
          query: { schema: route.query ?? NOTHING, input: req.query },
          body: { schema: route.body ?? NOTHING, input: body },
        },
        externalIds,
      );
    const given = validated();
    const client = { ip: req.ip ?? '', userAgent: req.get('user-agent') ?? '' };
    const timeoutMs = route.timeoutMs ?? context.timeoutMs;
    const handle = async (actor: typeof caller) => {
      let input = given;
      if (!externalIds.isEmpty) {
        await externalIds.resolve(context.externalIdLookup);
        input = validated();
      }
      return route.handle({ ...input, client, req, res, actor } as never);
    };
    const answer = () =>
      caller && 'keyId' in caller && route.method !== 'get'
        ? answerOnce(context, caller, req, res, handle)
        : handle(caller);
    const reply =
      caller && !isUpload(route)
        ? await context.userTurns.runWithin(turnOf(caller), timeoutMs, answer)
        : await withDeadline(answer(), timeoutMs);
    if (reply) send(res, route, reply);
  };

/** Counts requests from here until their connection is done with them, and refuses one too many. */
const countIn = ({ maxRequests }: RouteContext): RequestHandler => {
  let underWay = 0;
  return (req, res, next) => {
    if (underWay >= maxRequests) {
      throw new AppError('OVERLOADED', 'Too many requests are under way', { retryAfter: 1 });
    }
    underWay += 1;
    whenClosed(req, res, () => {
      underWay -= 1;
    });
    next();
  };
};

/**
 * Has the shutdown wait for a request, from here until its connection is done with it. A JSON body has been
 * read by then: one of which only half was sent must not keep the process from ending.
 */
const trackWork =
  ({ work }: RouteContext): RequestHandler =>
  (req, res, next) => {
    whenClosed(req, res, work.begin());
    next();
  };

/** The fixed beginning of a route's path: two segments, or one where the second is a parameter. */
const sectionOf = (path: string): string => {
  const [first = '', second = ''] = path.toLowerCase().split('/').slice(1);
  return second === '' || second.startsWith(':') ? first : `${first}/${second}`;
};

/**
 * Puts the routes on a router. Those whose paths begin alike have a router of their own, because
 * Express compares a request with one pattern after the other: so it meets a dozen instead of all.
 */
export const mountRoutes = (routes: AnyRoute[], context: RouteContext): Router => {
  const sections = new Map<string, Router>();
  const count = countIn(context);
  const readBody = jsonBody(context.maxAnonymousBodyKb);
  const track = trackWork(context);
  for (const route of routes) {
    const section = sectionOf(route.path);
    const router = sections.get(section) ?? Router();
    sections.set(section, router);
    router[route.method](
      route.path,
      count,
      admit(route, context),
      ...(isUpload(route) ? [awaitUploadTurn(context)] : []),
      // Behind `admit`: who is not signed in where they must be has no body read, and others a short one.
      ...(route.method === 'get' ? [] : [readBody]),
      track,
      ...(route.middleware ?? []),
      run(route, context),
    );
  }
  return Router().use((req, res, next) => {
    const [first = '', second = ''] = req.path.toLowerCase().split('/', 3).slice(1);
    const outer = sections.get(first);
    const others: NextFunction = (error?: unknown) => {
      if (error || !outer) next(error);
      else outer(req, res, next);
    };
    const inner = sections.get(`${first}/${second}`);
    if (inner) inner(req, res, others);
    else others();
  });
};
