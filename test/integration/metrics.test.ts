/** The counters, for a monitoring system that has the token. */
import { afterEach, describe, expect, it } from '@jest/globals';
import type { TestServer } from '../support/server.js';
import { registerUser, startServer } from '../support/server.js';

const TOKEN = 'the-token-of-the-scraper';

describe('GET /metrics', () => {
  let server: TestServer;
  afterEach(() => server.close());

  it('shows the counters to whoever has the token, and to nobody else', async () => {
    server = await startServer({ env: { METRICS_TOKEN: TOKEN } });
    const user = await registerUser(server);
    for (const headers of [{}, { authorization: `Bearer ${TOKEN}x` }, user.auth]) {
      const refused = await server.http.get('/metrics').set(headers).expect(401);
      expect(refused.body).toMatchObject({ success: false, code: 'UNAUTHENTICATED' });
    }
    const answer = await server.http.get('/metrics').set('authorization', `Bearer ${TOKEN}`);
    expect([answer.status, answer.type]).toEqual([200, 'text/plain']);
    expect(answer.text).toMatch(/^parley_connections 0$/m);
    expect(answer.text).toMatch(/^nodejs_eventloop_lag_max_seconds \d/m);
    expect(answer.text).toMatch(/^process_resident_memory_bytes \d+/m);
  });

  it('is not there without a token in the settings', async () => {
    server = await startServer();
    await server.http.get('/metrics').set('authorization', 'Bearer ').expect(404);
  });
});
