import type { Chapter, Step } from './step.js';

/** The password of the throw-away people. */
const password = 'a good password';

const signUp = (name: string, rest: Partial<Step> = {}): Step => ({
  call: 'post /api/auth/register',
  body: {
    username: `${name}_{{run}}`,
    email: `${name}_{{run}}@example.com`,
    password,
    firstName: `${name[0]!.toUpperCase()}${name.slice(1)}`,
  },
  saves: { [`${name}Token`]: 'data.token', [`${name}Id`]: 'data.user.id' },
  ...rest,
});

const login = (saves: Record<string, string>): Step => ({
  call: 'post /api/auth/login',
  body: { username: 'ada_{{run}}', password },
  saves,
});

/** A code of the time step `step` steps from now, as authenticator apps make it (RFC 6238). */
const totp = (step: number): string[] => [
  "const crypto = require('crypto-js');",
  "const bits = [...pm.collectionVariables.get('totpSecret')].map((letter) =>",
  "  'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');",
  "const key = bits.match(/.{8}/g).map((byte) => parseInt(byte, 2).toString(16).padStart(2, '0')).join('');",
  `const counter = (Math.floor(Date.now() / 30000) + ${step}).toString(16).padStart(16, '0');`,
  'const hex = crypto.enc.Hex;',
  'const mac = crypto.HmacSHA1(hex.parse(counter), hex.parse(key)).toString();',
  'const at = parseInt(mac.slice(-1), 16) * 2;',
  'const code = (parseInt(mac.slice(at, at + 8), 16) & 0x7fffffff) % 1000000;',
  "pm.collectionVariables.set('totpCode', String(code).padStart(6, '0'));",
];

/** What everything else needs: people, an admin, a server key. */
export const start: Chapter = {
  name: 'Start: people, an admin, a server key',
  description:
    'Makes four throw-away people and signs in the admin of `adminUsername`. Run it first.',
  steps: [
    {
      ...signUp('ada'),
      before: ["pm.collectionVariables.set('run', Date.now().toString(36));"],
      saves: {
        adaToken: 'data.token',
        adaId: 'data.user.id',
        adaRefreshToken: 'data.refreshToken',
      },
    },
    signUp('bob'),
    signUp('carol'),
    signUp('dora'),
    login({ adaOtherToken: 'data.token' }),
    {
      call: 'post /api/auth/login',
      body: { username: '{{adminUsername}}', password: '{{adminPassword}}' },
      saves: { adminToken: 'data.token', adminId: 'data.user.id' },
    },
    {
      call: 'post /api/admin/keys',
      body: {
        name: 'Shop',
        scopes: [
          'users:write',
          'users:token',
          'chats:write',
          'messages:write',
          'messages:read',
          'act-as',
          'broadcast',
        ],
      },
      saves: { keyToken: 'data.key', keyId: 'data.id' },
    },
    { call: 'get /api/admin/keys' },
  ],
};

/** Logins, mails, second factors. */
export const accounts: Chapter = {
  name: 'Auth',
  description:
    'Logins, passwords, mails and second factors. Mails need `SMTP_URL`; without it, they answer 501.',
  steps: [
    {
      call: 'post /api/auth/refresh',
      body: { refreshToken: '{{adaRefreshToken}}' },
      saves: { adaToken: 'data.token' },
    },
    { call: 'get /api/auth/me' },
    {
      call: 'get /api/auth/sessions',
      saves: { sessionId: 'data.find((session) => !session.isCurrent).id' },
    },
    { call: 'delete /api/auth/sessions/:sessionId' },
    login({ adaOtherToken: 'data.token' }),
    { call: 'delete /api/auth/sessions' },
    {
      call: 'post /api/auth/forgot-password',
      body: { email: 'ada_{{run}}@example.com' },
      code: 'MAIL_NOT_CONFIGURED',
    },
    {
      call: 'post /api/auth/reset-password',
      body: { token: 'from-the-link-in-the-mail', password: 'another good password' },
      code: 'LINK_INVALID',
    },
    {
      call: 'post /api/auth/verify-email',
      body: { token: 'from-the-link-in-the-mail' },
      code: 'LINK_INVALID',
    },
    {
      call: 'post /api/auth/verify-email/resend',
      body: { email: 'ada_{{run}}@example.com' },
      code: 'MAIL_NOT_CONFIGURED',
    },
    {
      call: 'post /api/auth/change-email',
      body: { email: 'ada.new_{{run}}@example.com', currentPassword: password },
      code: 'MAIL_NOT_CONFIGURED',
    },
    {
      call: 'post /api/auth/undo-email-change',
      body: { token: 'from-the-link-in-the-mail' },
      code: 'LINK_INVALID',
    },
    {
      call: 'post /api/auth/totp/enrol',
      body: { password },
      saves: { totpSecret: 'data.secret' },
    },
    {
      call: 'post /api/auth/totp/confirm',
      body: { code: '{{totpCode}}' },
      before: totp(-1),
      saves: { recoveryCode: 'data.recoveryCodes[0]' },
    },
    { ...login({ challenge: 'challenge' }), code: 'TOTP_REQUIRED' },
    {
      call: 'post /api/auth/totp',
      body: { challenge: '{{challenge}}', code: '{{totpCode}}' },
      before: totp(0),
      saves: { adaToken: 'data.token' },
    },
    {
      call: 'post /api/auth/totp/recovery-codes',
      body: { code: '{{totpCode}}' },
      before: totp(1),
      saves: { recoveryCode: 'data.recoveryCodes[0]' },
    },
    { call: 'post /api/auth/totp/disable', body: { password, code: '{{recoveryCode}}' } },
    {
      call: 'post /api/auth/backchannel-logout',
      body: { logout_token: 'signed-by-a-configured-issuer' },
      code: 'VALIDATION',
    },
  ],
};

/** Profiles. */
export const users: Chapter = {
  name: 'Users',
  description: 'Profiles, finding people, a picture.',
  steps: [
    { call: 'get /api/users/profile' },
    { call: 'put /api/users/profile', body: { firstName: 'Ada', bio: 'I write programs.' } },
    { call: 'get /api/users/search', query: { q: 'ada' } },
    { call: 'get /api/users/:userId', params: { userId: '{{bobId}}' } },
    { call: 'post /api/users/avatar', files: { avatar: 'docs/samples/picture.png' } },
    { call: 'post /api/users/status', body: { status: 'busy' } },
  ],
};

/** What ends logins and accounts, and takes the key away. */
export const farewell: Chapter = {
  name: 'Last: what ends logins, chats and accounts',
  description: 'Destroys what the requests before have made; so it comes last.',
  steps: [
    { call: 'delete /api/messages/:messageId' },
    { call: 'post /api/messages/bulk-delete', body: { messageIds: ['{{replyId}}'] } },
    { call: 'delete /api/chats/:chatId' },
    { call: 'delete /api/server/chats/:chatId', params: { chatId: '{{serverChatId}}' } },
    {
      call: 'post /api/auth/change-password',
      body: { currentPassword: password, newPassword: 'a better password' },
    },
    { call: 'delete /api/users/me', by: 'dora', body: { password } },
    { call: 'post /api/auth/logout', by: 'bob' },
    { call: 'post /api/auth/logout-all' },
    { call: 'delete /api/admin/keys/:keyId' },
  ],
};
