import type { Request, RequestHandler, Response } from 'express';
import type Joi from 'joi';
import type { Sheddable } from '../../platform/load-monitor.js';
import type { UserLimitName } from '../../platform/user-limits.js';
import type { Actor } from '../../shared/actor.js';
import type { Pagination } from '../../shared/pagination.js';
import type { ServerCaller, ServerScope } from '../../shared/server-caller.js';

/**
 * Who may call a route at all; what they may do there is the service's decision. `server` is whoever has a server
 * key, and nobody else; user tokens open no such route, and server keys no other.
 */
export type RouteAuth = 'none' | 'user' | 'admin' | 'server';

/** Caller facts that are not input: used for sessions and audit. */
export interface ClientInfo {
  ip: string;
  userAgent: string;
}

/** What a handler gets: validated input only. */
export interface RouteInput<A extends RouteAuth, P, Q, B> {
  actor: A extends 'none' ? undefined : A extends 'server' ? ServerCaller : Actor;
  params: P;
  query: Q;
  body: B;
  client: ClientInfo;
  /** The raw request, for uploads and streams. */
  req: Request;
  /** The raw response, for streams; a handler that uses it returns `undefined`. */
  res: Response;
}

/** What a handler answers; `undefined` when it has written the response itself. */
export interface Reply {
  data: unknown;
  pagination?: Pagination;
  message?: string;
  /** Overrides the route's status. */
  status?: number;
  /** Members beside `data`, where a dialect's shape has them. */
  extra?: Record<string, unknown>;
}

/** A REST endpoint: everything that validates, documents and lists it. */
export interface Route<A extends RouteAuth = RouteAuth, P = unknown, Q = unknown, B = unknown> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Express path, as in `/api/chats/:chatId`. */
  path: string;
  summary: string;
  tag: string;
  auth: A;
  /** What the server key must allow; obligatory with `auth: 'server'`, and meaningless elsewhere. */
  scope?: ServerScope;
  /** Open also to those who must set up a second factor before anything else (TOTP_REQUIRED). */
  isForEnrolment?: true;
  params?: Joi.ObjectSchema<P>;
  query?: Joi.ObjectSchema<Q>;
  body?: Joi.ObjectSchema<B>;
  /** Schema of the answer's `data`; absent for streams. */
  response?: Joi.Schema;
  /** Members beside `data`, where a dialect's shape has them. */
  extra?: Record<string, Joi.Schema>;
  /** Whether the answer has a `pagination` member. */
  paginated?: boolean;
  /** Status of success; 200 when absent. */
  status?: number;
  /** Further statuses of success, where the reply sets one: 200 beside 201 of a get-or-create. */
  otherStatuses?: number[];
  /**
   * The limit per address of a route without a login; absent: `general`. `files` is the wider one of what
   * pages load by the dozen, under a signature of its own; `logouts` that of issuers, who call for all of their users
   * from one address.
   */
  limit?: 'files' | 'logouts';
  /**
   * The allowance it counts against, per user and over both transports. Needed wherever a user is signed
   * in, unless no database is asked; calls under a server key count against the key's one allowance. One of `uploads` takes its turn among the user's uploads, from before
   * its body is read until it is answered, and keeps none of the user's other requests waiting.
   */
  userLimit?: UserLimitName;
  /** What it is refused as while the process is too busy; absent: it never is. */
  shedAs?: Sheddable;
  /** Runs after authentication and the JSON parser, and before validation, as multer does. */
  middleware?: RequestHandler[];
  /** Form fields that carry files, for the specification. */
  files?: Record<string, { description: string; multiple?: boolean }>;
  /** Longest time in milliseconds, when the usual deadline is too short (uploads). */
  timeoutMs?: number;
  handle(input: RouteInput<A, P, Q, B>): Promise<Reply | undefined>;
}

/** Any route, once its input types no longer matter. */
export type AnyRoute = Route<RouteAuth, never, never, never>;

/** Declares a route; the types of its input follow from its schemas. */
export const route = <A extends RouteAuth, P = unknown, Q = unknown, B = unknown>(
  spec: Route<A, P, Q, B>,
): AnyRoute => spec as unknown as AnyRoute;
