/** Every rule that a schema of a route or a command uses has a message in our own words. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Joi from 'joi';
import { VALIDATION_MESSAGES } from '../../src/shared/validation-messages.js';
import type { TestServer } from '../support/server.js';
import { startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

/** A part of `describe()`, which nests in lists and objects of all kinds. */
interface Described {
  type?: string;
  rules?: { name: string; args?: { options?: { name?: string } } }[];
  dependencies?: { rel: string }[];
}

/** Rules that change a value and refuse none, as input is converted. */
const CONVERSIONS = new Set(['trim', 'case', 'custom', 'sort', 'normalize']);
/** Codes under other names than those of their rules. */
const CODES: Record<string, string[]> = {
  'string.maxCharacters': ['string.max'],
  'string.minCharacters': ['string.min'],
  'string.pattern': ['string.pattern.name'],
  'object.or': ['object.missing'],
  'object.xor': ['object.xor', 'object.missing'],
  'string.uri': ['string.uri', 'string.uriCustomScheme'],
};

const codesOf = ({ type = 'any', rules = [], dependencies = [] }: Described): string[] =>
  [
    `${type}.base`,
    ...rules.filter(({ name }) => !CONVERSIONS.has(name)).map(({ name }) => `${type}.${name}`),
    ...dependencies.map(({ rel }) => `${type}.${rel}`),
  ].flatMap((code) => CODES[code] ?? [code]);

const walk = (node: unknown, found: Set<string>): void => {
  if (typeof node !== 'object' || node === null) return;
  const { type } = node as Described;
  if (typeof type === 'string' && type !== 'any' && type !== 'alternatives') {
    for (const code of codesOf(node as Described)) found.add(code);
  }
  for (const member of Object.values(node)) walk(member, found);
};

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

describe('messages of wrong input', () => {
  it('are there for every rule of every schema', () => {
    const { routes, commands } = server.app;
    const schemas = [
      ...routes.flatMap(({ params, query, body }) => [params, query, body]),
      ...commands.map(({ schema }) => schema as Joi.Schema),
    ];
    const found = new Set<string>();
    for (const schema of schemas) walk(schema?.describe(), found);
    expect(found.size).toBeGreaterThan(15);
    expect([...found].filter((code) => !(code in VALIDATION_MESSAGES))).toEqual([]);
  });

  it('name every wrong field of a form at once, over REST', async () => {
    const { body } = await server.http
      .post('/api/auth/register')
      .send({ username: 'a!', email: 'nope', password: 'x', firstName: 'y'.repeat(51), extra: 1 })
      .expect(400);
    expect(body.message).toBe('username: 3 to 30 letters, digits, _ . -');
    expect(body.errors).toEqual([
      { path: 'username', message: 'username: 3 to 30 letters, digits, _ . -' },
      { path: 'email', message: 'email: an e-mail address such as ada@example.com' },
      { path: 'password', message: 'password: at least 6 characters' },
      { path: 'firstName', message: 'firstName: at most 50 characters' },
      { path: 'extra', message: 'extra: there is no such field' },
    ]);
  });

  it('are told of the address and the body together', async () => {
    const { body: account } = await server.http
      .post('/api/auth/register')
      .send({ username: 'ada', email: 'ada@example.com', password: 'test123' })
      .expect(201);
    const { token } = account.data as { token: string };
    const { body } = await server.http
      .post('/api/chats/x/block?why=1')
      .auth(token, { type: 'bearer' })
      .send({ userId: 'y' })
      .expect(400);
    expect((body.errors as { path: string }[]).map(({ path }) => path)).toEqual([
      'chatId',
      'why',
      'userId',
    ]);
    const socket = await TestSocket.connect(server, { token });
    const ack = await socket.command('send_message', { content: '', replyTo: 7, nonsense: 1 });
    socket.close();
    expect(ack.error.errors).toEqual([
      { path: 'chatId', message: 'chatId: required' },
      { path: 'content', message: 'content: must not be empty' },
      { path: 'replyTo', message: 'replyTo: a text' },
      { path: 'nonsense', message: 'nonsense: there is no such field' },
    ]);
  });

  it.each<[string, object, string]>([
    ['/api/auth/login', { password: 'x' }, 'needs at least one of identifier, username, email'],
    [
      '/api/auth/login',
      { password: 'x', username: 'a', email: 'b' },
      'only one of identifier, username, email',
    ],
    ['/api/auth/login', { username: 'a', password: 'é'.repeat(40) }, 'password: at most 72 bytes'],
    ['/api/auth/register', { username: 'Admin' }, 'username: this name is reserved'],
    ['/api/auth/register', [], 'an object'],
  ])('of %s say what is wrong with %j', async (path, input, message) => {
    const { body } = await server.http.post(path).send(input).expect(400);
    expect((body.errors as { message: string }[]).map((error) => error.message)).toContain(message);
  });
});
