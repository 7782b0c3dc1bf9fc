/**
 * Whatever asks the database counts against an allowance of whoever asks: a new route or command that names
 * none fails here, unless it is listed with its reason.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AnyRoute } from '../../src/transport/http/route.js';
import type { TestServer } from '../support/server.js';
import { startServer } from '../support/server.js';

/** Commands that ask no database. */
const COMMANDS_WITHOUT: Record<string, string> = {
  leave_chat: 'closes in memory what a counted join_chat has opened',
  'leave:conversation': 'closes in memory what a counted join:conversation has opened',
};

/** Routes without a login have no user to count against; each counts per address. */
const COUNTED_BY_ADDRESS: Record<string, string> = {
  'post /api/auth/register': 'nobody is signed in',
  'post /api/auth/login': 'nobody is signed in',
  'post /api/auth/refresh': 'the access token has expired',
  'post /api/auth/totp': 'nobody is signed in',
  'post /api/auth/forgot-password': 'nobody is signed in',
  'post /api/auth/reset-password': 'a link in a mail takes the place of the token',
  'post /api/auth/verify-email': 'a link in a mail takes the place of the token',
  'post /api/auth/verify-email/resend': 'nobody is signed in',
  'post /api/auth/undo-email-change': 'a link in a mail takes the place of the token',
  'post /api/auth/backchannel-logout':
    'an issuer calls, whose signature takes the place of the token',
  'post /api/media/direct-upload': 'a permission takes the place of the token',
  'get /media/:fileId': 'a signed address takes the place of the token',
};

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server.close();
});

const nameOf = ({ method, path }: AnyRoute): string => `${method} ${path}`;

describe('an allowance', () => {
  it('is named by every route of a signed-in user', () => {
    const { routes } = server.app;
    const without = routes.filter(
      ({ auth, userLimit }) => (auth === 'user' || auth === 'admin') && !userLimit,
    );
    expect(without.map(nameOf)).toEqual([]);
  });

  it('is counted per address only where nobody is signed in', () => {
    const open = server.app.routes.filter(({ auth }) => auth === 'none');
    expect(open.map(nameOf).sort()).toEqual(Object.keys(COUNTED_BY_ADDRESS).sort());
    expect(open.filter(({ userLimit }) => userLimit)).toEqual([]);
  });

  it('is named by every socket command but those that ask no database', () => {
    const without = server.app.commands.filter(({ userLimit }) => !userLimit);
    expect(without.map(({ event }) => event).sort()).toEqual(Object.keys(COMMANDS_WITHOUT).sort());
  });

  it('is the one of uploads wherever files are received, so that they hold up nothing else', () => {
    const receiving = server.app.routes.filter(({ auth, files }) => auth !== 'none' && files);
    expect(receiving.length).toBeGreaterThan(3);
    for (const route of receiving) {
      expect([nameOf(route), route.userLimit]).toEqual([nameOf(route), 'uploads']);
    }
  });
});
