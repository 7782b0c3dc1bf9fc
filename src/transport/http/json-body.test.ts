import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import supertest from 'supertest';
import { silentLogger } from '../../../test/support/logger.js';
import { createMetrics } from '../../platform/metrics.js';
import { errorHandler } from './error-handler.js';
import { jsonBody } from './json-body.js';

let server: Server;
afterEach(() => {
  server.close();
});

/** Answers the length of a body; who sends a token counts as signed in. */
const serve = (anonymousKb: number) => {
  const app = express()
    .use((req, res, next) => {
      if (req.headers.authorization) res.locals.actor = {};
      next();
    })
    .use(jsonBody(anonymousKb))
    .use((req, res) => {
      res.json({ length: JSON.stringify(req.body).length });
    })
    .use(errorHandler(silentLogger(), createMetrics()));
  server = createServer(app).listen(0);
  return (body: string | Buffer, headers: Record<string, string> = {}) => {
    const call = supertest(server)
      .post('/')
      .set({ 'content-type': 'application/json', ...headers });
    if (typeof body === 'string') return call.send(body).then();
    call.write(body as never);
    return call.then();
  };
};

const bodyOf = (bytes: number): string => JSON.stringify({ a: 'x'.repeat(bytes - 8) });
const KB = 1024;
const user = { authorization: 'Bearer x' };
const tooLarge = (kilobytes: number) => ({
  status: 413,
  body: {
    success: false,
    code: 'PAYLOAD_TOO_LARGE',
    message: expect.stringContaining(`${kilobytes} kB`),
  },
});

describe('a JSON body', () => {
  it('of a caller who is not signed in may be as long as the setting says, and no longer', async () => {
    const post = serve(8);
    expect(await post(bodyOf(8 * KB))).toMatchObject({ status: 200, body: { length: 8 * KB } });
    expect(await post(bodyOf(8 * KB + 1))).toMatchObject(tooLarge(8));
  });

  it('of a signed-in user may have 256 kB', async () => {
    const post = serve(8);
    expect((await post(bodyOf(256 * KB), user)).status).toBe(200);
    expect(await post(bodyOf(256 * KB + 1), user)).toMatchObject(tooLarge(256));
  });

  it('counts as long as it is when unpacked, and when it comes in pieces', async () => {
    const post = serve(8);
    const packed = gzipSync(bodyOf(100 * KB));
    expect(packed.length).toBeLessThan(KB);
    const gzip = { 'content-encoding': 'gzip', 'content-length': String(packed.length) };
    expect(await post(packed, gzip)).toMatchObject(tooLarge(8));
    expect((await post(packed, { ...gzip, ...user })).status).toBe(200);
    const pieces = { 'transfer-encoding': 'chunked' };
    expect(await post(Buffer.from(bodyOf(9 * KB)), pieces)).toMatchObject(tooLarge(8));
  });

  it('has the same limit for everybody when the setting is 0', async () => {
    const post = serve(0);
    expect((await post(bodyOf(200 * KB))).status).toBe(200);
    expect(await post(bodyOf(256 * KB + 1))).toMatchObject(tooLarge(256));
  });

  it.each([
    'application/json',
    'application/json; charset=utf8',
    'application/json;charset=UTF8',
    'application/json; charset=UTF-8',
    'application/json; charset="utf-8"',
    'application/json; charset="UTF8"',
    "application/json; charset='utf-8'",
    'application/json ; Charset = utf8',
    'application/json; profile=x; charset=utf8; odd=1',
    'application/json; charset=',
  ])('is read as UTF-8 where its type is %s', async (type) => {
    const answer = await serve(8)(JSON.stringify({ a: 'ž' }), { 'content-type': type });
    expect([answer.status, answer.body]).toEqual([200, { length: 9 }]);
  });

  it.each([
    'utf-16',
    'utf-16le',
    'utf-32',
    'utf-7',
    'iso-8859-1',
    '"latin1"',
    'us-ascii',
    'x',
    'utf8mb4',
  ])('is refused where its charset is %s', async (charset) => {
    const type = `application/json; charset=${charset}`;
    expect(await serve(8)('{}', { 'content-type': type })).toMatchObject({
      status: 415,
      body: { code: 'UNSUPPORTED_MEDIA_TYPE' },
    });
  });
});
