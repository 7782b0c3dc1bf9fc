import { describe, expect, it } from '@jest/globals';
import express from 'express';
import supertest from 'supertest';
import { silentLogger } from '../../../test/support/logger.js';
import type { Logger } from '../../platform/logger.js';
import { createMetrics } from '../../platform/metrics.js';
import { rateLimited } from '../../platform/rate-limiter.js';
import type { ErrorCode } from '../../shared/errors.js';
import { AppError, ERROR_STATUS } from '../../shared/errors.js';
import { errorHandler } from './error-handler.js';
import { requestLog } from './request-log.js';

interface Line {
  level: string;
  fields: Record<string, unknown>;
  message: string;
}

/** An application that fails with the error, and what it logs of one request. */
const linesOf = async (error: Error | undefined, path = '/a/b', headers = {}): Promise<Line[]> => {
  const lines: Line[] = [];
  const levels = ['debug', 'info', 'warn', 'error'].map((level) => [
    level,
    (fields: Record<string, unknown>, message: string) => lines.push({ level, fields, message }),
  ]);
  const app = express()
    .use(requestLog(Object.fromEntries(levels) as Logger))
    .use((_req, res) => {
      res.locals.actor = { userId: 'u1', role: 'user', sessionId: 's' };
      if (error) throw error;
      res.json({});
    })
    .use(errorHandler(silentLogger(), createMetrics()));
  await supertest(app).get(path).set(headers);
  return lines;
};

const REFUSALS = (Object.keys(ERROR_STATUS) as ErrorCode[]).filter((code) => code !== 'INTERNAL');

describe('a refused request', () => {
  it.each(REFUSALS)('has one short line in the log: %s', async (code) => {
    const status = ERROR_STATUS[code];
    const lines = await linesOf(new AppError(code, 'No', { cause: new Error('why') }));
    expect(lines).toEqual([
      {
        level: status >= 500 ? 'warn' : 'info',
        message: status >= 500 ? 'request not served' : 'request refused',
        fields: {
          method: 'GET',
          path: '/a/b',
          status,
          code,
          address: expect.stringMatching(/127\.0\.0\.1$/),
          userId: 'u1',
          ms: expect.any(Number),
          requestId: expect.stringMatching(/^[\w-]{36}$/),
        },
      },
    ]);
    expect(JSON.stringify(lines).length).toBeLessThan(400);
  });

  it.each([
    ['/media/1?s=signature&token=secret', '/media/1'],
    [`/${'long'.repeat(500)}`, `/${'long'.repeat(50)}`.slice(0, 200)],
  ])('is logged without its query and cut: %s', async (path, shown) => {
    const lines = await linesOf(rateLimited(3), path, { Authorization: 'Bearer secret' });
    expect(lines).toMatchObject([{ fields: { path: shown, code: 'RATE_LIMITED' } }]);
    expect(JSON.stringify(lines)).not.toMatch(/secret|signature|authorization/i);
  });

  it.each(['abc-1', 'a'.repeat(64)])('keeps the id that a proxy gave it: %s', async (id) => {
    expect(await linesOf(rateLimited(3), '/', { 'X-Request-Id': id })).toMatchObject([
      { fields: { requestId: id } },
    ]);
  });

  it.each(['a b', 'a'.repeat(65), '{"x":1}'])('has an id of its own instead of %s', async (id) => {
    const [line] = await linesOf(rateLimited(3), '/', { 'X-Request-Id': id });
    expect(line!.fields.requestId).not.toBe(id);
  });
});

describe('a request that was served', () => {
  it('is logged for debugging alone', async () => {
    expect(await linesOf(undefined)).toMatchObject([
      { level: 'debug', message: 'request served', fields: { status: 200, path: '/a/b' } },
    ]);
  });
});
