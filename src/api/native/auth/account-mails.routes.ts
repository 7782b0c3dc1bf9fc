import { clientLocale } from '../../../transport/http/client-locale.js';
import type { AnyRoute, ClientInfo } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import type { UseCases } from '../../shared/use-cases.js';
import {
  acceptedSchema,
  changeEmailBody,
  linkBody,
  mailBody,
  resetPasswordBody,
  undoneSchema,
  verifiedSchema,
} from './account.schemas.js';
import { endedSessionsSchema } from './auth.schemas.js';

const tag = 'Auth';
const ACCEPTED = { data: { accepted: true } };

const requester = ({ ip }: ClientInfo, req: Parameters<typeof clientLocale>[0]) => ({
  ip,
  locale: clientLocale(req),
});

/** REST endpoints of what goes by mail: forgotten passwords, confirmed and changed addresses. */
export const accountMailRoutes = ({
  emailAddresses,
  passwordMinLength,
  passwordReset,
}: UseCases): AnyRoute[] => [
  route({
    method: 'post',
    path: '/api/auth/forgot-password',
    summary: 'Mail me a link for a new password; the answer is the same for unknown addresses',
    tag,
    auth: 'none',
    body: mailBody,
    response: acceptedSchema,
    status: 202,
    handle: async ({ body, client, req }) => {
      await passwordReset.request(body.email, requester(client, req));
      return ACCEPTED;
    },
  }),
  route({
    method: 'post',
    path: '/api/auth/reset-password',
    summary: 'Set a new password by the link in a mail, and end all logins',
    tag,
    auth: 'none',
    body: resetPasswordBody(passwordMinLength),
    response: endedSessionsSchema,
    handle: async ({ body }) => ({
      data: { endedSessions: await passwordReset.reset(body.token, body.password) },
    }),
  }),
  route({
    method: 'post',
    path: '/api/auth/verify-email',
    summary: 'Confirm an e-mail address by the link in a mail',
    tag,
    auth: 'none',
    body: linkBody,
    response: verifiedSchema,
    handle: async ({ body }) => ({ data: { email: await emailAddresses.verify(body.token) } }),
  }),
  route({
    method: 'post',
    path: '/api/auth/verify-email/resend',
    summary: 'Mail me the link again; the answer is the same for unknown addresses',
    tag,
    auth: 'none',
    body: mailBody,
    response: acceptedSchema,
    status: 202,
    handle: async ({ body, client, req }) => {
      await emailAddresses.resend(body.email, requester(client, req));
      return ACCEPTED;
    },
  }),
  route({
    method: 'post',
    path: '/api/auth/change-email',
    summary: 'Ask for another e-mail address, which a link in a mail to it confirms',
    tag,
    auth: 'user',
    userLimit: 'writes',
    body: changeEmailBody,
    response: acceptedSchema,
    status: 202,
    handle: async ({ actor, body, req }) => {
      await emailAddresses.requestChange(actor, body, clientLocale(req));
      return ACCEPTED;
    },
  }),
  route({
    method: 'post',
    path: '/api/auth/undo-email-change',
    summary: 'Take my former e-mail address back by the link in a mail, and end all logins',
    tag,
    auth: 'none',
    body: linkBody,
    response: undoneSchema,
    handle: async ({ body }) => ({ data: { resetToken: await emailAddresses.undo(body.token) } }),
  }),
];
