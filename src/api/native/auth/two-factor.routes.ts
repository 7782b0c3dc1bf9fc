import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import type { UseCases } from '../../shared/use-cases.js';
import {
  codeBody,
  disableTotpBody,
  doneSchema,
  enrolmentSchema,
  ownerBody,
  recoveryCodesSchema,
  secondFactorBody,
} from './account.schemas.js';
import { signInSchema } from './auth.schemas.js';
import { presentSignIn } from './auth.shapes.js';

const tag = 'Auth';
const base = '/api/auth/totp';

/** REST endpoints of the second factor. */
export const twoFactorRoutes = ({ auth, ownAccount, twoFactor }: UseCases): AnyRoute[] => [
  route({
    method: 'post',
    path: base,
    summary: 'Sign in, second step: the challenge of the first one, and a code',
    tag,
    auth: 'none',
    body: secondFactorBody,
    response: signInSchema,
    handle: async ({ body, client }) => ({
      data: presentSignIn(await auth.complete(body, client)),
    }),
  }),
  route({
    method: 'post',
    path: `${base}/enrol`,
    summary: 'Get a secret for an authenticator app; it counts when a code of it is confirmed',
    tag,
    auth: 'user',
    isForEnrolment: true,
    userLimit: 'writes',
    body: ownerBody,
    response: enrolmentSchema,
    handle: async ({ actor, body }) => {
      await ownAccount.confirmOwner(actor, body.password);
      return { data: await twoFactor.enrol(actor) };
    },
  }),
  route({
    method: 'post',
    path: `${base}/confirm`,
    summary: 'Turn the second factor on, by a code of the new secret',
    tag,
    auth: 'user',
    isForEnrolment: true,
    userLimit: 'writes',
    body: codeBody,
    response: recoveryCodesSchema,
    handle: async ({ actor, body }) => ({
      data: { recoveryCodes: await twoFactor.confirm(actor, body.code) },
    }),
  }),
  route({
    method: 'post',
    path: `${base}/recovery-codes`,
    summary: 'Make new recovery codes; the former ones do not work any more',
    tag,
    auth: 'user',
    userLimit: 'writes',
    body: codeBody,
    response: recoveryCodesSchema,
    handle: async ({ actor, body }) => ({
      data: { recoveryCodes: await twoFactor.renewRecoveryCodes(actor, body.code) },
    }),
  }),
  route({
    method: 'post',
    path: `${base}/disable`,
    summary: 'Turn the second factor off',
    tag,
    auth: 'user',
    userLimit: 'writes',
    body: disableTotpBody,
    response: doneSchema('disabled'),
    handle: async ({ actor, body }) => {
      await auth.confirmPassword(actor, body.password);
      await twoFactor.disable(actor, body.code);
      return { data: { disabled: true } };
    },
  }),
];
