/**
 * Every route, called for real; every answer held against the specification. A route that never answers
 * with success fails the suite.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { documentPath } from '../../src/transport/http/openapi.js';
import { ContractClient } from '../support/contract-client.js';
import type { ContractCases, ContractWorld } from './contract-case.js';
import { accountCases } from './cases/accounts.cases.js';
import { authCases } from './cases/auth.cases.js';
import { chatCases } from './cases/chats.cases.js';
import { conversationCases } from './cases/conversation.cases.js';
import { liveCases } from './cases/live.cases.js';
import { mediaCases } from './cases/media.cases.js';
import { messageCases } from './cases/messages.cases.js';
import { adminCases } from './cases/admin.cases.js';
import { presenceCases } from './cases/presence.cases.js';
import { syncCases } from './cases/sync.cases.js';
import { searchCases } from './cases/search.cases.js';
import { userCases } from './cases/users.cases.js';
import { v0Cases } from './cases/v0.cases.js';
import { routeSamples } from './samples/index.js';
import { createWorld } from './samples/world.js';

const CASES: ContractCases = {
  ...authCases,
  ...accountCases,
  ...userCases,
  ...chatCases,
  ...mediaCases,
  ...messageCases,
  ...liveCases,
  ...searchCases,
  ...adminCases,
  ...presenceCases,
  ...syncCases,
  ...v0Cases,
  ...conversationCases,
};
/** Samples of uploads have no body to send; such routes have a case. */
const SAMPLES = Object.entries(routeSamples).filter(([, sample]) => !sample.isForm);
const UNKNOWN_ID = '0123456789abcdef01234567';

let world: ContractWorld;
let client: ContractClient;

beforeAll(async () => {
  const base = await createWorld();
  client = await ContractClient.of(base.server);
  world = { ...base, client };
});

afterAll(async () => {
  await world.server.close();
});

/** Values for every path parameter: ids of nothing. */
const unknownParams = (path: string): Record<string, string> =>
  Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name!, UNKNOWN_ID]));

it('the specification has routes', () => {
  expect(client.operations().length).toBeGreaterThan(0);
});

describe('a working request is answered as specified', () => {
  it.each(SAMPLES)('%s', async (name, sample) => {
    const [method = '', path = ''] = name.split(' ');
    const caller = world[sample.by ?? 'alice'];
    const { status } = await client.call(method, documentPath(path), {
      ...(await sample.request(world)),
      token: caller.token,
    });
    expect(status).toBeLessThan(400);
  });
});

describe('other requests are answered as specified', () => {
  it.each(Object.keys(CASES))('%s', async (name) => {
    await CASES[name]!(world);
    expect([...client.succeeded]).toContain(name);
  });
});

it('every route has answered with success', () => {
  const silent = client.operations().filter(({ name }) => !client.succeeded.has(name));
  expect(silent.map(({ name }) => name)).toEqual([]);
});

describe('every route', () => {
  it('describes itself: summary, tag, and the shape of its answer unless it streams', () => {
    for (const { name, operation } of client.operations()) {
      expect([name, operation.summary, operation.tags[0]]).toEqual([
        name,
        expect.stringMatching(/\w/),
        expect.stringMatching(/\w/),
      ]);
      const success = Object.keys(operation.responses).find((status) => status.startsWith('2'));
      const content = operation.responses[success!]?.content as Record<string, { schema: object }>;
      const isStream = 'application/octet-stream' in content;
      const envelope = content['application/json']?.schema as
        { properties: { data: object } } | undefined;
      const isDescribed = isStream || Object.keys(envelope?.properties.data ?? {}).length > 0;
      expect([name, isDescribed]).toEqual([name, true]);
    }
  });

  it('turns away callers without a token where it asks for one', async () => {
    for (const { name, method, path, operation } of client.operations()) {
      if (operation.security.length === 0) continue;
      const { status } = await client.call(method, path, { params: unknownParams(path) });
      expect([name, status]).toEqual([name, 401]);
    }
  });

  it('refuses unknown members and parameters by name', async () => {
    for (const { name, method, path, operation } of client.operations()) {
      if (isForm(operation.requestBody)) continue;
      const isRead = method === 'get';
      const answer = await client.call(method, path, {
        token: path.startsWith('/api/server/') ? world.service.token : world.admin.token,
        params: unknownParams(path),
        ...(isRead ? { query: { surprise: '1' } } : { body: { surprise: 1 } }),
      });
      expect([name, answer.status, answer.body.code]).toEqual([name, 400, 'VALIDATION']);
      expect(answer.body).toMatchObject({
        errors: expect.arrayContaining([expect.objectContaining({ path: 'surprise' })]),
      });
    }
  });
});

const isForm = (body: Record<string, unknown> | undefined): boolean =>
  'multipart/form-data' in ((body?.content ?? {}) as object);
