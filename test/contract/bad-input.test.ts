/**
 * Broken input in every place of every route and every socket command: each gets a coded error of the
 * 4xx kind in the project's shape, and the process lives. What is broken is derived from requests that
 * work, so a route or command without a sample fails.
 */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Joi from 'joi';
import type { Response } from 'supertest';
import type { AnyRoute } from '../../src/transport/http/route.js';
import type { ErrorBody } from '../../src/shared/errors.js';
import { ERROR_STATUS } from '../../src/shared/errors.js';
import { TestSocket } from '../support/socket.js';
import { commandSamples, routeSamples } from './samples/index.js';
import type { SampleWorld } from './samples/sample.js';
import { addressOf, createWorld } from './samples/world.js';

let world: SampleWorld;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(async () => {
  await world.server.close();
});

/** Members of an object schema and their types. */
const membersOf = (schema: Joi.Schema | undefined): [string, string][] => {
  const { keys = {} } = (schema?.describe() ?? {}) as { keys?: Record<string, { type: string }> };
  return Object.entries(keys).map(([name, { type }]) => [name, type]);
};

/** Values that a member of a type must not have. */
const WRONG: Record<string, unknown[]> = {
  string: [{ $ne: null }, { $gt: '' }, ['a'], 7, true, null, '\0', '\ud800', { toString: 1 }],
  number: ['abc', { $gt: 0 }, null, -1e308, {}],
  boolean: ['abc', {}, { $ne: true }],
  array: [{ $ne: [] }, [[['x']]], [{ $gt: '' }]],
  object: ['abc', 7, [[]]],
};

/** Every error of an input begins with the path, as no message of Joi's own does. */
const expectOurWords = (what: unknown, { code, errors }: ErrorBody): void => {
  if (code !== 'VALIDATION') return;
  for (const { path, message } of errors!) {
    const start = path === '' ? '' : `${path}: `;
    const text = message.slice(start.length);
    expect([what, message.slice(0, start.length)]).toEqual([what, start]);
    expect([what, text]).toEqual([what, expect.not.stringMatching(/"|pattern|fails|must be|^$/)]);
  }
};

const expectRefusal = (what: unknown, { status, body, headers }: Response): void => {
  const { code, success, requestId } = body as Record<string, unknown>;
  expect([what, headers['content-type']]).toEqual([what, expect.stringContaining('json')]);
  expect([what, status, success, typeof requestId]).toEqual([what, status, false, 'string']);
  expect([what, status >= 400 && status < 500]).toEqual([what, true]);
  expect(ERROR_STATUS[code as keyof typeof ERROR_STATUS]).toBe(status);
  expectOurWords(what, body as ErrorBody);
};

const routes = Object.entries(routeSamples);
const routeOf = (name: string): AnyRoute =>
  world.server.app.routes.find(({ method, path }) => `${method} ${path}` === name)!;

describe('routes refuse', () => {
  it.each(routes)('broken bodies: %s', async (name, sample) => {
    const route = routeOf(name);
    if (route.method === 'get' || sample.isForm) return;
    const request = await sample.request(world);
    const { auth } = world[sample.by ?? 'alice'];
    const post = (type: string) =>
      world.server.http[route.method](addressOf(route.path, request))
        .set(auth)
        .set('Content-Type', type);
    const json = 'application/json';
    const deep = `${'['.repeat(4000)}${']'.repeat(4000)}`;
    for (const body of [
      '{"a":',
      'null',
      '"text"',
      '7',
      '[]',
      '[{}]',
      deep,
      '{"__proto__":{"a":1}}',
    ]) {
      // A route without a body has nothing to misread in an empty list, but says so all the same.
      expectRefusal(body, await post(json).send(body));
    }
    expectRefusal('too long', await post(json).send(JSON.stringify({ a: 'x'.repeat(300_000) })));
    expectRefusal('wrong type', await post('text/plain').send('hello'));
    expectRefusal('wrong type', await post('application/xml').send('<a/>'));
    const bomb = gzipSync(Buffer.alloc(20_000_000, 'x'));
    // Without its length, the client would send the body of a DELETE as a second request.
    const inflated = post(json)
      .set('Content-Encoding', 'gzip')
      .set('Content-Length', String(bomb.length));
    inflated.write(bomb);
    expectRefusal('gzip bomb', await inflated);
    const body = request.body ?? {};
    expectRefusal('unknown member', await post(json).send({ ...body, seq: 1, $where: '1' }));
    for (const [member, type] of membersOf(route.body)) {
      for (const wrong of WRONG[type] ?? []) {
        const broken = await post(json).send({ ...body, [member]: wrong });
        // Some members may be set to null; none may be set to anything else of a wrong type.
        if (wrong === null && broken.status < 400) continue;
        expectRefusal([member, wrong], broken);
      }
    }
  });

  it.each(routes)('broken addresses: %s', async (name, sample) => {
    const route = routeOf(name);
    const request = await sample.request(world);
    const { auth } = world[sample.by ?? 'alice'];
    const call = (address: string) => {
      const call = world.server.http[route.method](address).set(auth).redirects(0);
      return request.body && !sample.isForm ? call.send(request.body) : call;
    };
    const params = Object.keys(request.params ?? {});
    for (const param of params) {
      for (const wrong of ['x', '%00', '%ff', '%', '$ne', 'a'.repeat(5000), '..%2f..%2fetc']) {
        const address = addressOf(route.path, { params: { ...request.params, [param]: '@' } });
        expectRefusal([param, wrong], await call(address.replace('%40', wrong)));
      }
    }
    const address = addressOf(route.path, request);
    const join = address.includes('?') ? '&' : '?';
    for (const query of ['nonsense=1', 'a[$ne]=1', '__proto__[a]=1', '$where=1']) {
      expectRefusal(query, await call(`${address}${join}${query}`));
    }
    if (membersOf(route.query).some(([member]) => member === 'limit')) {
      const base = addressOf(route.path, { params: request.params ?? {}, query: {} });
      expectRefusal('limit', await call(`${base}?limit=1000000000`));
    }
    for (const [member, type] of membersOf(route.query)) {
      const wrongs = type === 'number' ? ['-1', '1e9', 'abc', '1.5', ''] : ['%00', '%ed%a0%80'];
      for (const wrong of wrongs) {
        const answer = await call(
          `${addressOf(route.path, { ...request, query: {} })}?${member}=${wrong}`,
        );
        if (answer.status >= 400) expectRefusal([member, wrong], answer);
        // A position may be any number, and U+FFFD, what a lone surrogate decodes to, is legal text.
        else expect([member, wrong]).toEqual([member, expect.stringMatching(/^(1e9|%ed%a0%80)$/)]);
      }
    }
  });
});

describe('socket commands refuse', () => {
  const BROKEN: unknown[] = [
    undefined,
    null,
    7,
    '',
    'text',
    true,
    [],
    [[]],
    Buffer.from('x'),
    { unknown: 1 },
    { $where: '1' },
    { __proto__: null, constructor: { prototype: 1 } },
  ];

  it.each(Object.entries(commandSamples))('%s', async (name, sample) => {
    const [dialect, event] = name.split(' ') as [string, string];
    const command = world.server.app.commands.find(
      (candidate) => candidate.event === event && candidate.dialect === dialect,
    )!;
    const socket = await TestSocket.connect(world.server, world[sample.by ?? 'alice'], { dialect });
    const payload = await sample.payload(world);
    const hasRequired = Object.keys(payload).length > 0 && !sample.takesAnything;
    // No payload means an empty one, which some commands take.
    const takesNothing = !command.schema.validate({}).error;
    const broken = [
      ...(hasRequired ? BROKEN.filter((bad) => bad != null || !takesNothing) : []),
      { ...payload, unknownMember: 1 },
      ...membersOf(command.schema).flatMap(([member, type]) =>
        (WRONG[type] ?? []).map((wrong) => ({ ...payload, [member]: wrong })),
      ),
    ];
    for (const bad of broken) {
      const ack = await socket.command(event, bad);
      // Some members may be set to null.
      if (ack.ok && Object.values(bad ?? {}).includes(null)) continue;
      expect([bad, ack.ok, ack.error?.code]).toEqual([bad, false, expect.any(String)]);
      expect(ERROR_STATUS[ack.error.code as keyof typeof ERROR_STATUS]).toBeLessThan(500);
      expectOurWords(bad, ack.error as ErrorBody);
      // The same without an ack, and with an argument too many, must not hurt either.
      socket.raw.emit(event, bad);
      socket.raw.emit(event, bad, bad);
    }
    socket.raw.emit(event);
    const works = await socket.command(event, await sample.payload(world));
    expect([name, works.ok ? 'ok' : works.error]).toEqual([name, 'ok']);
    socket.close();
  });

  it('an unknown event, and survive names that objects have', async () => {
    const socket = await TestSocket.connect(world.server, world.alice);
    for (const event of ['no_such_event', '__proto__', 'constructor', 'toString', '']) {
      const ack = await socket.command(event, {});
      expect(ack).toMatchObject({ ok: false, error: { code: 'UNKNOWN_EVENT' } });
    }
    socket.close();
  });
});
