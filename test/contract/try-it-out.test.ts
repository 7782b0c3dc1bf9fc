/**
 * What readers of the documentation try, on one fresh server with an admin: the Postman collection from top to
 * bottom, then every operation as the page at `/api/docs` has it filled in. `RECORD_EXAMPLES=true` writes the examples
 * of the specification anew, from the answers to the collection.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import newman from 'newman';
import { format } from 'prettier';
import type { Exchange as Sent, Summary } from 'newman';
import { examples } from '../../src/api/documentation/examples.js';
import type { OpenApiDocument } from '../../src/transport/http/openapi.js';
import { documentPath } from '../../src/transport/http/openapi.js';
import type { Collection } from '../../scripts/postman/collection.js';
import { stepsById } from '../../scripts/postman/collection.js';
import type { Exchange } from '../../scripts/postman/record.js';
import { recordExamples } from '../../scripts/postman/record.js';
import { newService } from './samples/world.js';
import { endingRoutes } from './samples/core.samples.js';
import type { TestServer, TestUser } from '../support/server.js';
import { startServer } from '../support/server.js';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';

/** The limits of a server with the default settings that a single client could come near to. */
const LIMITS = {
  RATE_LIMIT_MESSAGES_PER_MINUTE: '30',
  RATE_LIMIT_CONVERSATIONS_PER_HOUR: '10',
  RATE_LIMIT_AUTH_PER_15_MIN: '5',
  RATE_LIMIT_REGISTER_PER_HOUR: '20',
  RATE_LIMIT_LOGIN_FAILURES_PER_HOUR: '20',
  RATE_LIMIT_TOTP_FAILURES_PER_HOUR: '10',
  RATE_LIMIT_LOOKUPS_PER_MINUTE: '120',
  RATE_LIMIT_CHANGES_PER_MINUTE: '120',
};

let server: TestServer;
let document: OpenApiDocument;
let admin: TestUser;
beforeAll(async () => {
  server = await startServer({ env: { ...ADMIN_ENV, ...LIMITS } });
  document = (await (await fetch(`${server.url}/api/docs/openapi.json`)).json()) as OpenApiDocument;
});
afterAll(async () => {
  await server.close();
});

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method} ${path}`,
      method: method as 'get' | 'post' | 'put' | 'patch' | 'delete',
      path,
      operation,
    })),
  );

describe('the Postman collection', () => {
  const sent: Sent[] = [];
  let summary: Summary;
  beforeAll(async () => {
    const text = await readFile('docs/parley.postman_collection.json', 'utf8');
    summary = await new Promise((done, fail) => {
      const run = newman.run(
        {
          collection: JSON.parse(text) as Collection,
          workingDir: resolve('.'),
          envVar: [
            { key: 'baseUrl', value: server.url },
            { key: 'adminUsername', value: ADMIN_ENV.ADMIN_USERNAME },
            { key: 'adminPassword', value: ADMIN_ENV.ADMIN_PASSWORD },
          ],
          reporters: [],
        },
        (error, result) => {
          if (error) fail(error);
          else done(result);
        },
      );
      run.on('request', (_, exchange) => sent.push(exchange));
    });
  }, 300_000);

  it('runs from top to bottom on a fresh server, and every request gets what it expects', () => {
    const failures = summary.run.failures.map(
      ({ source, error }) => `${source?.id} ${source?.name}: ${error.message}`,
    );
    expect(failures).toEqual([]);
    expect(summary.run.stats.requests).toMatchObject({ total: stepsById().size, failed: 0 });
  });

  it('has every operation', () => {
    const called = new Set([...stepsById().values()].map(({ call }) => documentPath(call)));
    expect(operations().filter(({ name }) => !called.has(name))).toEqual([]);
  });

  it('gives the examples of the specification, whose members are still those of the answers', async () => {
    const exchanges = sent.map(exchangeOf);
    const [, run = ''] = String(exchanges[0]?.body?.username).split('_');
    const recorded = recordExamples(exchanges, run, examples);
    if (process.env.RECORD_EXAMPLES === 'true') {
      const file = 'src/api/documentation/examples.json';
      await writeFile(
        file,
        await format(JSON.stringify(recorded), { filepath: file, printWidth: 100 }),
      );
      return;
    }
    expect(Object.keys(examples).sort()).toEqual(Object.keys(recorded).sort());
    for (const [name, { answer }] of Object.entries(recorded)) {
      expect([name, membersOf(examples[name]?.answer)]).toEqual([name, membersOf(answer)]);
    }
  });
});

/** The names of the members of an answer and of its data: its shape, whatever the values. */
const membersOf = (answer: unknown): unknown => {
  const { data, ...rest } = (answer ?? {}) as { data?: unknown };
  const first: unknown = Array.isArray(data) ? data[0] : data;
  return [Object.keys(rest).sort(), Object.keys((first ?? {}) as object).sort()];
};

const exchangeOf = ({ item, request, response }: Sent): Exchange => {
  const { url, body } = request;
  const isJson = response?.headers.get('content-type')?.split(';')[0] === 'application/json';
  const fields = (body?.formdata?.all() ?? []).filter(({ type }) => type === 'text');
  return {
    step: stepsById().get(item.id)!,
    path: url.getPath(),
    query: url.query.toObject(),
    ...(body?.mode === 'raw' && { body: JSON.parse(body.raw!) as Record<string, unknown> }),
    ...(fields.length > 0 && {
      fields: Object.fromEntries(fields.map(({ key, value }) => [key, value])),
    }),
    status: response?.code ?? 0,
    answer: isJson ? JSON.parse(response!.text()) : undefined,
  };
};

/** Why an operation does not work as it is filled in: it takes what only its caller can have. */
const NEEDS_A_SECRET: Record<string, number> = {
  'post /api/auth/refresh': 401,
  // As OpenID Connect Back-Channel Logout 1.0 wants it.
  'post /api/auth/backchannel-logout': 400,
  'post /api/auth/forgot-password': 501,
  'post /api/auth/reset-password': 410,
  'post /api/auth/verify-email': 410,
  'post /api/auth/verify-email/resend': 501,
  'post /api/auth/change-email': 501,
  'post /api/auth/undo-email-change': 410,
  'post /api/auth/totp': 401,
  'post /api/auth/totp/confirm': 409,
  'post /api/auth/totp/recovery-codes': 409,
  'post /api/auth/totp/disable': 409,
  'post /api/media/direct-upload': 403,
  // Pages have the signed address; by itself the path is for whoever has a token.
  'get /media/{fileId}': 401,
};

/** Somebody new with the password that the examples give. */
const signUp = async (): Promise<TestUser> => {
  const username = `reader${randomUUID().slice(0, 8)}`;
  const email = `${username}@example.com`;
  const sample = examples['post /api/auth/register']!.body;
  const made = await server.http
    .post('/api/auth/register')
    .send({ ...sample, username, email })
    .expect(201);
  const { token, refreshToken, user } = made.body.data as {
    token: string;
    refreshToken: string;
    user: { id: string };
  };
  const auth = { Authorization: `Bearer ${token}` };
  return { id: user.id, username, token, refreshToken, auth };
};

type Filled = Record<string, string>;
const examplesOf = (parameters: object[] | undefined, place: string): Filled =>
  Object.fromEntries(
    ((parameters ?? []) as { name: string; in: string; example?: unknown; schema: object }[])
      .filter((parameter) => parameter.in === place)
      .map(({ name, example, schema }): [string, unknown] => [
        name,
        example ?? (schema as { default?: unknown }).default,
      ])
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );

describe('an operation as the documentation page fills it in', () => {
  let service: TestUser;
  let somebody: TestUser;
  beforeAll(async () => {
    admin = await loginAdmin(server);
    service = await newService(server, admin);
    somebody = await signUp();
  });

  it('succeeds, or does not find what the example names', async () => {
    const wrong: string[] = [];
    for (const { name, method, path, operation } of operations()) {
      const [scheme = ''] = operation.security.flatMap((entry) => Object.keys(entry));
      const isEnding = endingRoutes.has(name);
      const callers: Record<string, TestUser> = { admin, serverKey: service };
      const caller = isEnding ? await signUp() : (callers[scheme] ?? somebody);
      const params = examplesOf(operation.parameters, 'path');
      const filled = path.replace(/\{(\w+)\}/g, (_, key: string) => params[key] ?? `{${key}}`);
      const request = server.http[method](filled)
        .query(examplesOf(operation.parameters, 'query'))
        .redirects(0);
      if (scheme !== '') void request.set(caller.auth);
      const content = (operation.requestBody?.content ?? {}) as Record<
        string,
        {
          example?: Record<string, unknown>;
          schema?: { properties?: Record<string, { example?: string }> };
        }
      >;
      const form = examples[name.replace(/\{(\w+)\}/g, ':$1')]?.files;
      if (form) {
        for (const [field, file] of Object.entries(form)) void request.attach(field, file);
        const fields = content['multipart/form-data']?.schema?.properties ?? {};
        for (const [field, { example }] of Object.entries(fields)) {
          if (example !== undefined) void request.field(field, example);
        }
      } else if (content['application/json']?.example) {
        void request.send(content['application/json'].example);
      }
      const { status, body } = await request;
      const { code } = body as { code?: string };
      const isRight =
        status < 400 || (status === 404 && code === 'NOT_FOUND') || NEEDS_A_SECRET[name] === status;
      if (!isRight) wrong.push(`${name}: ${status} ${JSON.stringify(body)}`);
    }
    expect(wrong).toEqual([]);
  }, 300_000);
});
