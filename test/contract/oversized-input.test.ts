/**
 * Input that is as large as a transport lets through, in every member of every route and socket command: it
 * is refused by a short answer, whatever it holds. That its cost stays small too is measured by the fuzzer.
 */
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

/** Characters of a refusal; the promise is 64 kB. */
const MAX_ANSWER = 16_384;
const MAX_ERRORS = 20;

const list = (items: number, item: string): string => `[${Array(items).fill(item).join(',')}]`;
const wide = (members: number): string =>
  `{${Array.from({ length: members }, (_, i) => `"m${i}":0`).join(',')}}`;

/** Values of about so many bytes as JSON; the deep ones go no deeper than `depth`. */
const hugeValues = (bytes: number, depth = bytes): string[] => [
  list(bytes / 2, '0'),
  list(bytes / 3, '{}'),
  list(bytes / 30, `"${'a'.repeat(24)}"`),
  list(bytes / 200, wide(20)),
  wide(bytes / 12),
  `{"a":${'['.repeat(Math.min(bytes / 4, depth))}${']'.repeat(Math.min(bytes / 4, depth))}}`,
  '{"a":'.repeat(Math.min(bytes / 8, depth)) + '0' + '}'.repeat(Math.min(bytes / 8, depth)),
  `"${'é'.repeat(bytes / 3)}"`,
  `{"${'k'.repeat(bytes / 2)}":0,"__proto__":{"a":1}}`,
];
const BODIES = hugeValues(240_000).map((value) => ({ value, bytes: value.length }));
/** The client's own parser follows a value down the stack. */
const FRAMES = hugeValues(48_000, 1000);

const namesOf = (schema: Joi.Schema | undefined): string[] => {
  const { keys = {} } = (schema?.describe() ?? {}) as { keys?: object };
  return Object.keys(keys);
};

/** Every member with one huge value each, in turn, and an unknown one with each. */
const placesOf = <T>(names: string[], values: T[]): [string, T][] => [
  ...names.map((name, i): [string, T] => [name, values[i % values.length]!]),
  ...values.map((value): [string, T] => ['unknownMember', value]),
];

const expectShort = (what: unknown, text: string, { code, errors }: ErrorBody): void => {
  expect([what, code, ERROR_STATUS[code] < 500]).toEqual([what, expect.any(String), true]);
  expect([what, text.length < MAX_ANSWER, (errors?.length ?? 0) <= MAX_ERRORS]).toEqual([
    what,
    true,
    true,
  ]);
};

const routeOf = (name: string): AnyRoute =>
  world.server.app.routes.find(({ method, path }) => `${method} ${path}` === name)!;

describe('an oversized request', () => {
  const routes = Object.entries(routeSamples);
  const expectRefusal = (what: unknown, { status, text, body }: Response): void => {
    expect([what, status >= 400 && status < 500]).toEqual([what, true]);
    expectShort(what, text, body as ErrorBody);
  };

  it.each(routes.filter(([name, { isForm }]) => !name.startsWith('get ') && !isForm))(
    'is refused shortly for its body: %s',
    async (name, sample) => {
      const route = routeOf(name);
      const request = await sample.request(world);
      const whole = JSON.stringify(request.body ?? {});
      for (const [member, { value }] of placesOf(namesOf(route.body), BODIES)) {
        const rest = whole === '{}' ? '' : `,${whole.slice(1, -1)}`;
        // Of two members of a name the last one counts, and that is the huge one.
        const body = `{"first":0${rest},"${member}":${value}}`.replace('"first":0,', '');
        const answer = await world.server.http[route.method](addressOf(route.path, request))
          .set(world[sample.by ?? 'alice'].auth)
          .set('Content-Type', 'application/json')
          .send(body);
        expectRefusal([member, value.slice(0, 20)], answer);
      }
    },
  );

  it.each(routes)('is refused shortly for its query: %s', async (name, sample) => {
    const route = routeOf(name);
    const request = await sample.request(world);
    // Node refuses a longer line itself.
    const call = (pairs: string[]) =>
      world.server.http[route.method](
        `${addressOf(route.path, { params: request.params ?? {} })}?${pairs.join('&').slice(0, 12_000)}`,
      )
        .set(world[sample.by ?? 'alice'].auth)
        .redirects(0)
        .then();
    const repeated = (one: (i: number) => string) => Array.from({ length: 900 }, (_, i) => one(i));
    for (const member of [...namesOf(route.query), 'unknown']) {
      expectRefusal([member, 'a list'], await call(repeated(() => `${member}=1`)));
      expectRefusal([member, 'lists'], await call(repeated((i) => `${member}[${i}]=1`)));
    }
    expectRefusal('members', await call(repeated((i) => `m${i}=1`)));
    expectRefusal('a name', await call(['m'.repeat(12_000)]));
  });

  it.each(routes.filter(([, { isForm }]) => isForm))(
    'is refused shortly for the fields of its form: %s',
    async (name, sample) => {
      const route = routeOf(name);
      const request = await sample.request(world);
      const fields: [string, string][][] = [
        ...[...namesOf(route.body), 'unknown'].flatMap((member): [string, string][][] => [
          Array.from({ length: 500 }, () => [member, 'x']),
          Array.from({ length: 500 }, (_, i) => [`${member}[${i}]`, 'x']),
          Array.from({ length: 3 }, () => [member, 'x']),
          [[`${member}${'[a]'.repeat(500)}`, 'x']],
          [[member, 'x'.repeat(200_000)]],
        ]),
        Array.from({ length: 500 }, (_, i) => [`m${i}`, 'x']),
        [['m'.repeat(60_000), 'x']],
      ];
      for (const form of fields) {
        const boundary = 'a-boundary';
        const parts = form.map(
          ([field, text]) =>
            `--${boundary}\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${text}\r\n`,
        );
        const answer = await world.server.http[route.method](addressOf(route.path, request))
          .set(world[sample.by ?? 'alice'].auth)
          .set('Content-Type', `multipart/form-data; boundary=${boundary}`)
          .send(`${parts.join('')}--${boundary}--\r\n`);
        expectRefusal([form.length, form[0]![0].slice(0, 40)], answer);
      }
    },
  );

  it('without a login is refused before its body is read, or for its length', async () => {
    const post = (path: string, body: string) =>
      world.server.http.post(path).set('Content-Type', 'application/json').send(body);
    for (const { value } of BODIES) {
      expect((await post('/api/messages', `{"media":${value}}`)).body.code).toBe('UNAUTHENTICATED');
      expect((await post('/api/auth/register', value)).body.code).toBe('PAYLOAD_TOO_LARGE');
    }
    expect((await post('/api/messages', '{"broken')).status).toBe(401);
    for (const value of hugeValues(6000)) {
      expectRefusal(value.slice(0, 20), await post('/api/auth/login', `{"username":${value}}`));
    }
  });
});

describe('an oversized command', () => {
  it.each(Object.entries(commandSamples))('is refused shortly: %s', async (name, sample) => {
    const [dialect, event] = name.split(' ') as [string, string];
    const { schema } = world.server.app.commands.find(
      (candidate) => candidate.event === event && candidate.dialect === dialect,
    )!;
    const socket = await TestSocket.connect(world.server, world[sample.by ?? 'alice'], { dialect });
    const payload = await sample.payload(world);
    for (const [member, value] of placesOf(namesOf(schema), FRAMES)) {
      const huge = { ...payload, [member]: JSON.parse(value) as unknown };
      const before = socket.heard.length;
      const ack = await socket.command(event, huge);
      const what = [member, value.slice(0, 20)];
      expect([what, ack.ok]).toEqual([what, false]);
      expectShort(what, JSON.stringify(ack), ack.error as ErrorBody);
      const told = socket.heard.slice(before).filter((one) => one.event === 'error');
      for (const { payload: accessChange } of told)
        expect(accessChange).not.toHaveProperty('errors');
    }
    socket.close();
  });

  it('tells what is wrong in the answer, and in the event where no answer is asked for', async () => {
    const socket = await TestSocket.connect(world.server, world.alice);
    const bad = { chatId: world.chatId, messageIds: Array(90).fill(0) };
    const ack = await socket.command('mark_as_read', bad);
    expect(ack.error.errors).toHaveLength(MAX_ERRORS);
    expect(await socket.next('error')).toEqual({
      code: 'VALIDATION',
      message: ack.error.message,
      event: 'mark_as_read',
    });
    socket.raw.emit('mark_as_read', bad);
    const { errors } = await socket.next('error', (payload) => 'errors' in payload);
    expect(errors).toEqual(ack.error.errors);
    socket.close();
  });
});

describe('every schema of an input', () => {
  interface Described {
    type?: string;
    rules?: { name: string }[];
    keys?: Record<string, Described>;
    items?: Described[];
    patterns?: unknown[];
    matches?: { schema?: Described }[];
  }
  const unbounded = (schema: Described, path: string): string[] => [
    ...((schema.type === 'array' || schema.patterns) &&
    !schema.rules?.some(({ name }) => name === 'max' || name === 'length')
      ? [path]
      : []),
    ...Object.entries(schema.keys ?? {}).flatMap(([name, one]) =>
      unbounded(one, `${path}.${name}`),
    ),
    ...[
      ...(schema.items ?? []),
      ...(schema.matches ?? []).flatMap(({ schema: one }) => one ?? []),
    ].flatMap((one) => unbounded(one, path)),
  ];

  it('says how long its lists and maps may be', () => {
    const { routes, commands } = world.server.app;
    const inputs = [
      ...routes.flatMap(({ path, params, query, body }) =>
        [params, query, body].map((schema): [string, Joi.Schema | undefined] => [path, schema]),
      ),
      ...commands.map(({ event, schema }): [string, Joi.Schema] => [event, schema]),
    ];
    expect(
      inputs.flatMap(([name, schema]) =>
        schema ? unbounded(schema.describe() as Described, name) : [],
      ),
    ).toEqual([]);
  });
});
