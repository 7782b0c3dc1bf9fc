import type { OperationNotes } from '../../transport/http/operation-notes.js';

const LINK = ['LINK_INVALID'] as const;

/** Accounts: signing in, second factors, mails, the directory of people. */
export const accountNotes: OperationNotes = {
  'post /api/auth/register': {
    description:
      'Makes an account and answers its first login: an access token, a refresh token and a device token. With ' +
      '`REGISTRATION=domain:…` it answers 202 instead: the address must be confirmed by the link in a mail first.',
    codes: [
      'USERNAME_TAKEN',
      'EMAIL_TAKEN',
      'REGISTRATION_CLOSED',
      'INVITE_REQUIRED',
      'INVITE_INVALID',
      'EMAIL_DOMAIN_REFUSED',
      'MAIL_NOT_CONFIGURED',
    ],
  },
  'post /api/auth/login': {
    description:
      'Signs in by exactly one of `username`, `email` and `identifier`. Somebody with a second factor gets ' +
      '`TOTP_REQUIRED` and a `challenge` for `POST /api/auth/totp`. Too many wrong passwords lock the account for a while.',
    codes: [
      'INVALID_CREDENTIALS',
      'TOTP_REQUIRED',
      'ACCOUNT_DEACTIVATED',
      'BANNED',
      'EMAIL_NOT_VERIFIED',
      'CONFLICT',
    ],
  },
  'post /api/auth/refresh': {
    description:
      'Exchanges a refresh token for a new access token and the next refresh token. The same token within a minute gets ' +
      'the same answer, so that a lost answer can be asked for again; later it ends the login, since somebody may have stolen it.',
    codes: ['UNAUTHENTICATED', 'REFRESH_REUSED', 'ACCOUNT_DEACTIVATED', 'BANNED'],
  },
  'get /api/auth/me': {
    description: 'Answers the account of the caller, with what only its owner may see.',
  },
  'post /api/auth/logout': {
    description:
      'Ends the login of this token: its tokens stop working and its sockets close, on every node.',
  },
  'post /api/auth/logout-all': {
    description: 'Ends every login of the caller, this one too, and closes their sockets.',
  },
  'post /api/auth/backchannel-logout': {
    description:
      'Called by a configured issuer, not by clients: its signed `logout_token` ends the logins of one session, or of ' +
      'one person. It takes JSON and `application/x-www-form-urlencoded`.',
    codes: ['UNAUTHENTICATED', 'BAD_REQUEST'],
  },
  'post /api/auth/change-password': {
    description: 'Sets a new password and ends all other logins; this one goes on.',
    codes: ['INVALID_CREDENTIALS', 'CONFLICT', 'UNAUTHENTICATED'],
  },
  'post /api/auth/forgot-password': {
    description:
      'Mails a link to the address if it has an account. The answer does not tell whether it has one. Needs `SMTP_URL`.',
    codes: ['MAIL_NOT_CONFIGURED'],
  },
  'post /api/auth/reset-password': {
    description:
      'Sets a new password by the token of the link in a mail, and ends all logins. The link works once.',
    codes: [...LINK],
  },
  'post /api/auth/verify-email': {
    description: 'Confirms an address by the token of the link in a mail. The link works once.',
    codes: [...LINK, 'EMAIL_TAKEN'],
  },
  'post /api/auth/verify-email/resend': {
    description:
      'Mails the link that confirms an address again. The answer does not tell whether the address has an account. Needs `SMTP_URL`.',
    codes: ['MAIL_NOT_CONFIGURED'],
  },
  'post /api/auth/change-email': {
    description:
      'Mails a link to the new address; the account changes when it is opened. The former address is told, with a link that undoes it.',
    codes: [
      'INVALID_CREDENTIALS',
      'EMAIL_TAKEN',
      'EMAIL_DOMAIN_REFUSED',
      'MAIL_NOT_CONFIGURED',
      'UNAUTHENTICATED',
    ],
  },
  'post /api/auth/undo-email-change': {
    description:
      'Gives the account its former address back, ends all logins, and answers a `resetToken` with which to set a new password.',
    codes: [...LINK, 'EMAIL_TAKEN'],
  },
  'post /api/auth/totp': {
    description:
      'Finishes a sign-in: takes the `challenge` of `TOTP_REQUIRED` and a code of the authenticator app, or a recovery code, and answers a login.',
    codes: ['TOTP_INVALID', 'UNAUTHENTICATED', 'ACCOUNT_DEACTIVATED', 'BANNED'],
  },
  'post /api/auth/totp/enrol': {
    description:
      'Answers a new secret for an authenticator app. It has no effect before `POST /api/auth/totp/confirm`. Needs the password, or a login of the last 10 minutes.',
    codes: ['INVALID_CREDENTIALS', 'FRESH_LOGIN_REQUIRED', 'CONFLICT', 'UNAUTHENTICATED'],
  },
  'post /api/auth/totp/confirm': {
    description:
      'Turns the second factor on by a code of the new secret, and answers ten recovery codes, once.',
    codes: ['TOTP_INVALID', 'CONFLICT', 'UNAUTHENTICATED'],
  },
  'post /api/auth/totp/recovery-codes': {
    description: 'Answers ten new recovery codes, once; those before stop working.',
    codes: ['TOTP_INVALID', 'CONFLICT', 'UNAUTHENTICATED'],
  },
  'post /api/auth/totp/disable': {
    description:
      'Turns the second factor off. Refused where `TOTP_REQUIRED` of the server makes it obligatory.',
    codes: ['INVALID_CREDENTIALS', 'TOTP_INVALID', 'CONFLICT', 'FORBIDDEN', 'UNAUTHENTICATED'],
  },
  'get /api/auth/sessions': {
    description: 'Answers where the caller is signed in, the login used last first; at most 100.',
  },
  'delete /api/auth/sessions': {
    description: 'Ends every other login of the caller and closes its sockets.',
  },
  'delete /api/auth/sessions/:sessionId': {
    description:
      'Ends one login of the caller: its tokens and its sockets. 404 for a login of somebody else.',
  },
  'delete /api/users/me': {
    description:
      'Closes the account of the caller: logins end, nobody finds it, its messages stay. The last admin cannot. Needs the password, or a fresh login.',
    codes: [
      'INVALID_CREDENTIALS',
      'FRESH_LOGIN_REQUIRED',
      'LAST_ADMIN',
      'LAST_OWNER',
      'UNAUTHENTICATED',
    ],
  },
  'get /api/users/online': {
    description:
      'Answers who is online among the people with whom the caller shares a chat. Invisible people are not shown.',
  },
  'post /api/users/status': {
    description:
      'Sets how the caller is shown. `offline` makes them invisible while they stay connected. Those who share a chat hear of it.',
  },
  'get /api/users/:userId/status': {
    description:
      'Answers whether somebody is online and when they last were; 404 for whom the caller shares no chat with.',
  },
  'get /api/users/profile': {
    description:
      'Answers the profile of the caller, or with `userId` the public one of somebody else.',
    codes: ['NOT_FOUND'],
  },
  'put /api/users/profile': {
    description: 'Changes the members that are sent and keeps the others; null removes one.',
    codes: ['USERNAME_TAKEN', 'CONFLICT'],
  },
  'get /api/users/search': {
    description:
      'Finds people by the beginnings of words of their username and names, in any order. Closed accounts are not found.',
  },
  'get /api/users/:userId': {
    description: 'Answers the public profile of somebody; of oneself, the whole account.',
  },
  'post /api/users/avatar': {
    description:
      'Takes an image of up to 10 MB as the picture of the caller, and answers its addresses. The picture before is removed.',
    codes: [
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      'UNSAFE_FILE',
      'STORAGE_UNAVAILABLE',
      'INSUFFICIENT_STORAGE',
    ],
  },
  'get /api/users/blocked': { description: 'Answers everybody whom the caller has blocked.' },
  'get /api/users/me/sanctions': {
    description:
      'Answers the silences and bans that apply to the caller, newest first, with their reasons.',
  },
};
