import express from 'express';
import Joi from 'joi';
import { clientLocale } from '../../../transport/http/client-locale.js';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { ownUserSchema } from '../users/users.schemas.js';
import { presentOwnUser } from '../users/users.shapes.js';
import { presentGrant, presentSignIn } from './auth.shapes.js';
import {
  changePasswordBody,
  endedSessionsSchema,
  grantSchema,
  loginBody,
  logoutTokenBody,
  refreshBody,
  registerBody,
  registeredSchema,
  signInSchema,
} from './auth.schemas.js';
import type { UseCases } from '../../shared/use-cases.js';

const TAG = 'Auth';

/** REST endpoints of signing in. */
export const authRoutes = ({
  auth: service,
  foreign,
  passwordMinLength,
  registration,
}: UseCases): AnyRoute[] => [
  route({
    method: 'post',
    path: '/api/auth/register',
    summary: 'Make an account and sign in',
    tag: TAG,
    auth: 'none',
    body: registerBody(passwordMinLength),
    response: registeredSchema,
    status: 201,
    otherStatuses: [202],
    handle: async ({ body, client, req }) => {
      const login = await registration.register(body, client, clientLocale(req));
      return login
        ? { data: presentSignIn(login) }
        : { data: { mustVerifyEmail: true }, status: 202 };
    },
  }),
  route({
    method: 'post',
    path: '/api/auth/login',
    summary: 'Sign in with a username or an e-mail address',
    tag: TAG,
    auth: 'none',
    body: loginBody,
    response: signInSchema,
    handle: async ({ body, client }) => ({
      data: presentSignIn(await service.login(body, client)),
    }),
  }),
  route({
    method: 'post',
    path: '/api/auth/refresh',
    summary: 'Exchange a refresh token for new tokens; for a minute, again for the same ones',
    tag: TAG,
    auth: 'none',
    body: refreshBody,
    response: grantSchema,
    handle: async ({ body }) => ({ data: presentGrant(await service.refresh(body.refreshToken)) }),
  }),
  route({
    method: 'get',
    path: '/api/auth/me',
    summary: 'My account',
    tag: TAG,
    auth: 'user',
    isForEnrolment: true,
    userLimit: 'reads',
    response: ownUserSchema,
    handle: async ({ actor }) => ({ data: presentOwnUser(await service.me(actor)) }),
  }),
  route({
    method: 'post',
    path: '/api/auth/logout',
    summary: 'End this login',
    tag: TAG,
    auth: 'user',
    isForEnrolment: true,
    userLimit: 'marks',
    response: endedSessionsSchema,
    handle: async ({ actor }) => ({ data: { endedSessions: await service.logout(actor) } }),
  }),
  route({
    method: 'post',
    path: '/api/auth/logout-all',
    summary: 'End all my logins, on every device',
    tag: TAG,
    auth: 'user',
    isForEnrolment: true,
    userLimit: 'marks',
    response: endedSessionsSchema,
    handle: async ({ actor }) => ({ data: { endedSessions: await service.logoutAll(actor) } }),
  }),
  route({
    method: 'post',
    path: '/api/auth/backchannel-logout',
    summary: 'A configured issuer ends a login (OpenID Connect Back-Channel Logout 1.0)',
    tag: TAG,
    auth: 'none',
    limit: 'logouts',
    middleware: [express.urlencoded({ extended: false, limit: '16kb', parameterLimit: 10 })],
    body: logoutTokenBody,
    response: Joi.object({}),
    handle: async ({ body, res }) => {
      res.set('Cache-Control', 'no-store');
      await foreign.logOut(body.logout_token);
      return { data: {} };
    },
  }),
  route({
    method: 'post',
    path: '/api/auth/change-password',
    summary: 'Change my password and end my other logins',
    tag: TAG,
    auth: 'user',
    userLimit: 'writes',
    body: changePasswordBody(passwordMinLength),
    response: endedSessionsSchema,
    handle: async ({ actor, body }) => ({
      data: { endedSessions: await service.changePassword(actor, body) },
    }),
  }),
];
