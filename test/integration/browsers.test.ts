/** What browsers are told of pages that come from other origins. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestServer } from '../support/server.js';
import { startServer } from '../support/server.js';

const LISTED = 'https://chat.example.com';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ env: { CLIENT_URL: `${LISTED},http://localhost:3000` } });
});
afterAll(() => server.close());

/** The headers of an answer that browsers look at; those that are missing are undefined. */
const told = async (method: string, path: string, origin: string) => {
  const preflight = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type,authorization,x-anything',
  };
  const answer = await fetch(server.url + path, {
    method,
    headers: { origin, ...(method === 'OPTIONS' && preflight) },
  });
  await answer.arrayBuffer();
  return (name: string) => answer.headers.get(`access-control-${name}`) ?? undefined;
};

const POLLING = '/socket.io/?EIO=4&transport=polling';
const CALLS = [
  ['OPTIONS', '/api/messages'],
  ['OPTIONS', '/api/media/upload-chat-media'],
  ['GET', '/api/messages'],
  ['GET', '/no/such/path'],
  ['GET', '/health'],
  ['OPTIONS', POLLING],
  ['GET', POLLING],
] as const;

describe('a page of another origin', () => {
  it.each(CALLS)('may call and send credentials when it is listed: %s %s', async (method, path) => {
    for (const origin of [LISTED, 'http://localhost:3000']) {
      const header = await told(method, path, origin);
      expect([header('allow-origin'), header('allow-credentials')]).toEqual([origin, 'true']);
    }
  });

  it.each(CALLS)('is allowed nothing when it is not listed: %s %s', async (method, path) => {
    for (const origin of ['https://evil.example', `${LISTED}.evil.example`, 'null']) {
      const header = await told(method, path, origin);
      expect([header('allow-origin'), header('allow-credentials')]).toEqual([undefined, undefined]);
    }
  });

  it('may send the headers and methods that it asks for', async () => {
    const header = await told('OPTIONS', '/api/messages', LISTED);
    expect(header('allow-headers')).toBe('content-type,authorization,x-anything');
    for (const method of ['PUT', 'PATCH', 'DELETE'])
      expect(header('allow-methods')).toContain(method);
  });

  it('may read the headers that say what a file is and when to come back', async () => {
    const exposed = (await told('GET', '/api/messages', LISTED))('expose-headers')?.toLowerCase();
    for (const name of [
      'accept-ranges',
      'content-disposition',
      'content-range',
      'etag',
      'ratelimit',
      'ratelimit-policy',
      'retry-after',
      'x-request-id',
    ]) {
      expect(exposed?.split(',')).toContain(name);
    }
  });
});
