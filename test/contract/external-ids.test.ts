/**
 * The ids of somebody else's product in every place that takes the id of a user or a chat. The places are read from
 * the schemas of all routes and commands, so one that takes Parley's ids alone fails.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Joi from 'joi';
import { Types } from 'mongoose';
import type { AnyCommand } from '../../src/transport/socket/command.js';
import type { AnyRoute } from '../../src/transport/http/route.js';
import { monitored } from '../support/operation-counts.js';
import { TestSocket } from '../support/socket.js';
import { openDirectChat, startServer } from '../support/server.js';
import { commandSamples, routeSamples } from './samples/index.js';
import type { SampleRequest, SampleWorld } from './samples/sample.js';
import { addressOf, createWorld } from './samples/world.js';

let world: SampleWorld;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(async () => {
  await world.server.close();
});

interface Described {
  type?: string;
  metas?: { externalId?: 'user' | 'chat' }[];
  rules?: { name: string; args?: { regex?: string } }[];
  keys?: Record<string, Described>;
  items?: Described[];
  matches?: { schema?: Described; then?: Described; otherwise?: Described }[];
}

/** A place in an input where an id stands; `*` is each item of a list, or each name in an object. */
interface Place {
  path: string[];
  /** Whose id it is; undefined for ids of other things. */
  kind: 'user' | 'chat' | undefined;
}

const placesIn = (described: Described, path: string[] = []): Place[] => {
  const kind = described.metas?.find((meta) => meta.externalId)?.externalId;
  const isId = described.rules?.some(({ args }) => args?.regex?.includes('[0-9a-f]{24}'));
  const own =
    kind || isId ? [{ path: described.type === 'object' ? [...path, '*'] : path, kind }] : [];
  const branches = (described.matches ?? []).flatMap(({ schema, then, otherwise }) =>
    [schema, then, otherwise].filter((one) => one !== undefined),
  );
  return [
    ...own,
    ...Object.entries(described.keys ?? {}).flatMap(([name, member]) =>
      placesIn(member, [...path, name]),
    ),
    ...(described.items ?? []).flatMap((item) => placesIn(item, [...path, '*'])),
    ...branches.flatMap((branch) => placesIn(branch, path)),
  ];
};

const placesOf = (schema: Joi.Schema | undefined): Place[] =>
  schema ? placesIn(schema.describe() as Described) : [];

const partsOf = ({ params, query, body }: AnyRoute): [keyof SampleRequest, Place][] =>
  Object.entries({ params, query, body }).flatMap(([part, schema]) =>
    placesOf(schema).map((place): [keyof SampleRequest, Place] => [
      part as keyof SampleRequest,
      place,
    ]),
  );

/** The input with what stands in a place replaced. */
const replace = (
  input: unknown,
  [name, ...rest]: string[],
  by: (id: string) => string,
): unknown => {
  if (input === undefined || input === null) return input;
  if (name === undefined) return typeof input === 'string' ? by(input) : input;
  if (Array.isArray(input)) {
    return name === '*' ? input.map((item) => replace(item, rest, by)) : input;
  }
  // The bare form of what may be an object, or a single item of a list.
  if (typeof input !== 'object') return name === '*' ? replace(input, rest, by) : input;
  const entries = Object.entries(input).map(([key, value]) =>
    name === '*' ? [by(key), value] : [key, key === name ? replace(value, rest, by) : value],
  );
  return Object.fromEntries(entries) as unknown;
};

/** What stands in a place. */
const idsAt = (input: unknown, { path }: Place): string[] => {
  const found: string[] = [];
  replace(input, path, (id) => {
    found.push(id);
    return id;
  });
  return found.filter((id) => Types.ObjectId.isValid(id));
};

/** The external id of something, given to it when it has none. */
const externalIdOf = async (kind: 'user' | 'chat', id: string): Promise<string> => {
  const collection = world.server.app.connection.collection(`${kind}s`);
  const _id = new Types.ObjectId(id);
  const fresh = `${kind} nº ${randomUUID()}/ü?`;
  const fields = { externalId: fresh, ...(kind === 'user' && { issuer: 'shop' }) };
  await collection.updateOne({ _id, externalId: { $exists: false } }, { $set: fields });
  return `ext:${String((await collection.findOne({ _id }))?.externalId)}`;
};

/** The input with external ids in a place. */
const withExternalIds = async <Input>(input: Input, place: Place): Promise<Input> => {
  const externalIds = new Map<string, string>();
  for (const id of idsAt(input, place)) externalIds.set(id, await externalIdOf(place.kind!, id));
  return replace(input, place.path, (id) => externalIds.get(id) ?? id) as Input;
};

/** Members of inputs that are ids of other things than users and chats. */
const OTHERS =
  /^(messageId|replyTo|before|fileId|u|sessionId|keyId|inviteId|heldId|filterId|caseId|sanctionId|reportId|webhookId|deliveryId|broadcastId|liveId|messageIds)$/;

describe('every id of a user or a chat may be external', () => {
  it('in all routes and commands, or it is of something else', () => {
    const schemas = [
      ...world.server.app.routes.flatMap(({ params, query, body }) => [params, query, body]),
      ...world.server.app.commands.map(({ schema }) => schema as Joi.Schema),
    ];
    const others = schemas
      .flatMap((schema) => placesOf(schema))
      .filter(({ kind }) => !kind)
      .map(({ path }) => path.filter((name) => name !== '*').at(-1) ?? '');
    expect(others.filter((name) => !OTHERS.test(name))).toEqual([]);
  });

  const routeOf = (name: string): AnyRoute =>
    world.server.app.routes.find(({ method, path }) => `${method} ${path}` === name)!;

  it.each(Object.entries(routeSamples))('%s', async (name, sample) => {
    const route = routeOf(name);
    if (sample.isForm) return;
    const call = async (request: SampleRequest) => {
      const address = addressOf(route.path, request);
      const { auth } = world[sample.by ?? 'alice'];
      const pending = world.server.http[route.method](address).set(auth);
      const { status, body } = await (request.body ? pending.send(request.body) : pending);
      return { status, code: (body as { code?: string }).code };
    };
    for (const [part, place] of partsOf(route).filter(([, { kind }]) => kind)) {
      const sent = async (change: (input: unknown) => unknown) => {
        const request = await sample.request(world);
        if (idsAt(request[part], place).length === 0) return undefined;
        return call({ ...request, [part]: await change(request[part]) });
      };
      const answer = await sent((input) => withExternalIds(input, place));
      if (!answer) continue;
      expect([place, answer]).toEqual([
        place,
        expect.objectContaining({ status: expect.any(Number), code: undefined }),
      ]);
      expect([place, answer.status < 400]).toEqual([place, true]);
      const nobodys = await sent((input) =>
        replace(input, place.path, () => new Types.ObjectId().toHexString()),
      );
      const unknown = await sent((input) =>
        replace(input, place.path, () => `ext:${randomUUID()}`),
      );
      expect([place, unknown]).toEqual([place, nobodys]);
    }
  });

  const commandOf = (name: string): AnyCommand => {
    const [dialect, event] = name.split(' ');
    return world.server.app.commands.find(
      (command) => command.event === event && command.dialect === dialect,
    )!;
  };

  it.each(Object.entries(commandSamples))('%s', async (name, sample) => {
    const { dialect, event, schema } = commandOf(name);
    const places = placesOf(schema as Joi.Schema).filter(({ kind }) => kind);
    const socket = await TestSocket.connect(world.server, world[sample.by ?? 'alice'], { dialect });
    for (const place of places) {
      const sent = async (change: (input: unknown) => unknown) => {
        const payload = await sample.payload(world);
        if (idsAt(payload, place).length === 0) return undefined;
        const ack = await socket.command(event, await change(payload));
        return ack.ok ? 'ok' : ack.error.code;
      };
      const answer = await sent((input) => withExternalIds(input, place));
      if (answer === undefined) continue;
      expect([place, answer]).toEqual([place, 'ok']);
      const nobodys = await sent((input) =>
        replace(input, place.path, () => new Types.ObjectId().toHexString()),
      );
      const unknown = await sent((input) =>
        replace(input, place.path, () => `ext:${randomUUID()}`),
      );
      expect([place, unknown]).toEqual([place, nobodys]);
    }
    socket.close();
  });
});

describe('an external id', () => {
  it.each(['ext:', 'ext:a\u0007', `ext:${'x'.repeat(162)}`, 'EXT:42', 'ext'])(
    'of a wrong form is refused as one: %j',
    async (id) => {
      const answer = await world.server.http
        .get(`/api/users/${encodeURIComponent(id)}`)
        .set(world.alice.auth);
      expect([answer.status, answer.body]).toMatchObject([400, { code: 'VALIDATION' }]);
    },
  );

  it('of a chat may stand where a room is named, and makes no room', async () => {
    const { chatId, alice, server } = world;
    const room = await externalIdOf('chat', chatId);
    const socket = await TestSocket.connect(server, alice, { dialect: 'room' });
    const send = (to: string) => socket.command('send-message', { room: to, content: 'hello' });
    expect(await send(room)).toMatchObject({ ok: true });
    expect(await send('ext:no such room')).toMatchObject({
      ok: false,
      error: { code: 'NOT_FOUND' },
    });
    expect(await socket.command('join-room', room)).toMatchObject({ ok: true });
    socket.close();
  });

  it('is known to be the same thing as its id where a list may name each once', async () => {
    const { bob, server, admin } = world;
    const external = await externalIdOf('user', bob.id);
    const body = { message: 'hello', audience: 'list', userIds: [bob.id, external] };
    await server.http.post('/api/admin/broadcasts').set(admin.auth).send(body).expect(400);
  });

  it('of a chat that is not mine is in a sync what the client has called it', async () => {
    const { chatId, alice, stranger, server } = world;
    const external = await externalIdOf('chat', chatId);
    const sync = async ({ auth }: { auth: { Authorization: string } }) => {
      const body = { chats: { [external]: 0, 'ext:nowhere': 3 }, tags: { [external]: 'x' } };
      const answer = await server.http.post('/api/sync').set(auth).send(body).expect(200);
      const { chats, removed } = (answer.body as { data: unknown }).data as {
        chats: { chatId: string; isNew: boolean; chat: { externalId?: string } }[];
        removed: string[];
      };
      const synced = chats.find((chat) => chat.chatId === chatId);
      return { removed, synced };
    };
    expect(await sync(stranger)).toEqual({ removed: [external, 'ext:nowhere'] });
    expect(await sync(alice)).toMatchObject({
      removed: ['ext:nowhere'],
      synced: { isNew: false, chat: { externalId: external.slice(4) } },
    });
  });

  it('costs a query where there is one, and nothing where there is none', async () => {
    const owner = await startServer();
    const server = await startServer({
      mongodbUri: monitored(owner.mongodbUri),
      isDatabasePrivate: true,
    });
    const { alice, bob, chatId } = await openDirectChat(server);
    const asked: string[] = [];
    server.app.connection.getClient().on('commandStarted', ({ command }) => {
      const { find, filter } = command as { find?: string; filter?: { externalId?: unknown } };
      if (find !== undefined && filter?.externalId !== undefined) asked.push(find);
    });
    await server.app.connection
      .collection('chats')
      .updateOne({ _id: new Types.ObjectId(chatId) }, { $set: { externalId: 'order 7' } });
    await server.app.connection
      .collection('users')
      .updateOne({ _id: new Types.ObjectId(bob.id) }, { $set: { externalId: '42', issuer: '' } });
    const socket = await TestSocket.connect(server, alice, { dialect: 'native' });
    const typing = (id: string) => () => socket.command('typing', { chatId: id });
    const profile = (id: string) => () =>
      server.http
        .get(`/api/users/${encodeURIComponent(id)}`)
        .set(alice.auth)
        .expect(200);
    const cost = async (run: () => Promise<unknown>) => {
      asked.length = 0;
      await run();
      return [...asked];
    };
    expect(await cost(typing(chatId))).toEqual([]);
    expect(await cost(profile(bob.id))).toEqual([]);
    expect(await cost(typing('ext:order 7'))).toEqual(['chats']);
    expect(await cost(profile('ext:42'))).toEqual(['users']);
    const sync = { chats: { 'ext:order 7': 0, 'ext:order 8': 0 } };
    expect(await cost(() => socket.command('sync', sync))).toEqual(['chats']);
    socket.close();
    await server.close();
    await owner.close();
  });
});
