import { describe, expect, it } from '@jest/globals';
import express from 'express';
import type { RequestHandler } from 'express';
import request from 'supertest';
import { silentLogger } from '../../../test/support/logger.js';
import { createMetrics } from '../../platform/metrics.js';
import { AppError, ERROR_STATUS } from '../../shared/errors.js';
import { createDocsRouter } from './docs-router.js';
import { errorHandler } from './error-handler.js';

const answerTo = (...handlers: RequestHandler[]) =>
  request(
    express()
      .use(...handlers)
      .use(errorHandler(silentLogger(), createMetrics())),
  );

describe('an error', () => {
  it('is not kept, named or shown as the content that could not be sent', async () => {
    const answer = await answerTo((_req, res) => {
      res.set({
        'Cache-Control': 'public, max-age=86400',
        'Content-Disposition': 'attachment; filename="cat.png"',
        'Content-Type': 'image/png',
        ETag: '"cat"',
      });
      throw new AppError('STORAGE_UNAVAILABLE', 'The store does not answer');
    })
      .get('/')
      .expect(503);
    expect(answer.type).toBe('application/json');
    expect(answer.body).toMatchObject({ success: false, code: 'STORAGE_UNAVAILABLE' });
    expect(answer.headers).not.toHaveProperty('cache-control');
    expect(answer.headers).not.toHaveProperty('content-disposition');
    expect(answer.headers.etag).not.toBe('"cat"');
  });

  it.each([
    ['a range outside of a file', { Range: 'bytes=99999999-' }, 'RANGE_NOT_SATISFIABLE'],
    ['a condition that does not hold', { 'If-Match': '"another"' }, 'PRECONDITION_FAILED'],
  ] as const)('of the client is told as such: %s', async (_what, headers, code) => {
    const answer = await answerTo(createDocsRouter([]))
      .get('/api/docs/swagger-ui.css')
      .set(headers)
      .expect(ERROR_STATUS[code]);
    expect(answer.body).toMatchObject({ success: false, code });
    const length =
      code === 'RANGE_NOT_SATISFIABLE' ? expect.stringMatching(/^bytes \*\/\d+$/) : undefined;
    expect(answer.headers['content-range']).toEqual(length);
  });

  it('of which nothing is known is told as nothing but that', async () => {
    const { body } = await answerTo(() => {
      throw Object.assign(new Error('secret'), { status: 500 });
    })
      .get('/')
      .expect(500);
    expect(body).toMatchObject({ code: 'INTERNAL', message: 'Something went wrong' });
  });
});
