import { describe, expect, it } from '@jest/globals';
import express from 'express';
import supertest from 'supertest';
import { silentLogger } from '../../../test/support/logger.js';
import { createMetrics } from '../../platform/metrics.js';
import { UserLimits } from '../../platform/user-limits.js';
import { UserTurns } from '../../platform/user-turns.js';
import { errorHandler } from './error-handler.js';
import { mountRoutes } from './router.js';
import { RequestLimits } from './request-limits.js';
import { route } from './route.js';

/** No route here is one under a server key. */
const NO_SERVERS = {
  externalIdLookup: { idsOf: () => Promise.reject(new Error('not asked')) },
  serverKeys: { authenticate: () => Promise.reject(new Error('not asked')) },
  onceCalls: { run: () => Promise.reject(new Error('not asked')) },
};

describe('requests under way', () => {
  it('are bounded, and one that ends makes room', async () => {
    const ends: (() => void)[] = [];
    const slow = route({
      method: 'get',
      path: '/slow',
      summary: 'Ends when told to',
      tag: 'Test',
      auth: 'none',
      limit: 'files',
      handle: () =>
        new Promise<{ data: string }>((resolve) => {
          ends.push(() => {
            resolve({ data: 'done' });
          });
        }),
    });
    const app = express()
      .use(
        mountRoutes([slow], {
          ...NO_SERVERS,
          requireAdmin: () => Promise.resolve(),
          authenticator: { authenticate: () => Promise.reject(new Error('not asked')) },
          limits: new RequestLimits({ files: { rule: { limit: 0 } } } as never),
          userLimits: new UserLimits({} as never),
          userTurns: new UserTurns(0),
          uploadTurns: new UserTurns(0),
          work: { admit: () => undefined, begin: () => () => undefined },
          maxAnonymousBodyKb: 8,
          timeoutMs: 60_000,
          maxRequests: 2,
        }),
      )
      .use(errorHandler(silentLogger(), createMetrics()));
    const server = app.listen(0);
    const get = () => supertest(server).get('/slow').then();
    const taken = [get(), get()];
    while (ends.length < 2) await new Promise((resolve) => setImmediate(resolve));
    const refused = await get();
    expect([refused.status, refused.headers['retry-after'], refused.body]).toMatchObject([
      503,
      '1',
      { success: false, code: 'OVERLOADED', retryAfter: 1 },
    ]);
    for (const end of ends) end();
    expect((await Promise.all(taken)).map(({ status }) => status)).toEqual([200, 200]);
    const later = get();
    while (ends.length < 3) await new Promise((resolve) => setImmediate(resolve));
    ends[2]!();
    expect((await later).status).toBe(200);
    server.close();
  });
});

describe("a user's request", () => {
  it.each([
    ['reads', 429],
    ['uploads', 200],
  ] as const)(
    'of %s is answered with %i when 101 other calls are before it',
    async (userLimit, status) => {
      const userTurns = new UserTurns(1);
      const ends: (() => void)[] = [];
      const calls = Array.from({ length: 101 }, () =>
        userTurns.run('u', () => new Promise<void>((resolve) => ends.push(resolve))),
      );
      const quick = route({
        method: 'get',
        path: '/quick',
        summary: 'Ends at once',
        tag: 'Test',
        auth: 'user',
        userLimit,
        handle: () => Promise.resolve({ data: 'done' }),
      });
      const actor = { userId: 'u', role: 'user', sessionId: 's' } as const;
      const app = express()
        .use(
          mountRoutes([quick], {
            authenticator: { authenticate: () => Promise.resolve(actor) },
            limits: new RequestLimits({ user: { rule: { limit: 0 } } } as never),
            userLimits: new UserLimits({
              [userLimit]: { consume: () => Promise.resolve() },
            } as never),
            userTurns,
            uploadTurns: new UserTurns(1),
            maxAnonymousBodyKb: 8,
            ...NO_SERVERS,
            requireAdmin: () => Promise.resolve(),
            work: { admit: () => undefined, begin: () => () => undefined },
            timeoutMs: 60_000,
            maxRequests: 2,
          }),
        )
        .use(errorHandler(silentLogger(), createMetrics()));
      await supertest(app).get('/quick').expect(status);
      for (let i = 0; i < calls.length; i += 1) {
        ends[i]!();
        await calls[i];
      }
      await supertest(app).get('/quick').expect(200);
    },
  );
});
