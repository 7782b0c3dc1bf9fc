import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import type { UseCases } from '../../shared/use-cases.js';
import { doneSchema, ownerBody, sessionParams, sessionSchema } from './account.schemas.js';
import { endedSessionsSchema } from './auth.schemas.js';
import { presentSession } from './auth.shapes.js';

/** REST endpoints of one's own logins, and of closing one's own account. */
export const ownAccountRoutes = ({ ownAccount }: UseCases): AnyRoute[] => [
  route({
    method: 'get',
    path: '/api/auth/sessions',
    summary: 'Where I am signed in, the login used last first; at most 100',
    tag: 'Auth',
    auth: 'user',
    userLimit: 'reads',
    response: Joi.array().items(sessionSchema),
    handle: async ({ actor }) => ({
      data: (await ownAccount.logins(actor)).map((login) => presentSession(login, actor.sessionId)),
    }),
  }),
  route({
    method: 'delete',
    path: '/api/auth/sessions',
    summary: 'End all my logins but this one',
    tag: 'Auth',
    auth: 'user',
    userLimit: 'marks',
    response: endedSessionsSchema,
    handle: async ({ actor }) => ({
      data: { endedSessions: await ownAccount.endOtherLogins(actor) },
    }),
  }),
  route({
    method: 'delete',
    path: '/api/auth/sessions/:sessionId',
    summary: 'End one of my logins: its tokens and its sockets',
    tag: 'Auth',
    auth: 'user',
    userLimit: 'marks',
    params: sessionParams,
    response: endedSessionsSchema,
    handle: async ({ actor, params }) => {
      await ownAccount.endLogin(actor, params.sessionId);
      return { data: { endedSessions: 1 } };
    },
  }),
  route({
    method: 'delete',
    path: '/api/users/me',
    summary: 'Close my account: my logins end, nobody finds it, my messages stay',
    tag: 'Users',
    auth: 'user',
    userLimit: 'writes',
    body: ownerBody,
    response: doneSchema('closed'),
    handle: async ({ actor, body }) => {
      await ownAccount.close(actor, body.password);
      return { data: { closed: true } };
    },
  }),
];
