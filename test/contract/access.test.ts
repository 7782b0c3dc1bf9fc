/**
 * Who may do what: every route and every socket command, for callers without a token, with the token
 * of a deactivated account, for a stranger, and for somebody who may. A route or command without a
 * sample fails the suite.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { documentation } from '../../src/api/documentation/index.js';
import { codesOf } from '../../src/transport/http/openapi-errors.js';
import { SERVER_SCOPES } from '../../src/shared/server-caller.js';
import type { AnyRoute } from '../../src/transport/http/route.js';
import { ObjectId } from 'mongodb';
import { openAccounts } from '../support/accounts.js';
import type { TestUser } from '../support/server.js';
import { TestSocket } from '../support/socket.js';
import { endingRoutes } from './samples/core.samples.js';
import { commandSamples, routeSamples } from './samples/index.js';
import type { SampleRequest, SampleWorld } from './samples/sample.js';
import { addressOf, createWorld, newService } from './samples/world.js';

let world: SampleWorld;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(async () => {
  await world.server.close();
});

const nameOf = ({ method, path }: AnyRoute): string => `${method} ${path}`;
const routeOf = (name: string): AnyRoute =>
  world.server.app.routes.find((route) => nameOf(route) === name)!;

const call = async (
  route: AnyRoute,
  request: SampleRequest,
  caller: Pick<TestUser, 'auth'> | undefined,
): Promise<Response> => {
  const base = world.server.http[route.method](addressOf(route.path, request));
  const call = caller ? base.set(caller.auth) : base;
  // A redirect to a file's storage is an answer too; it is not followed.
  const answer = await (request.body ? call.redirects(0).send(request.body) : call.redirects(0));
  expectDocumentedCode(route, (answer.body as { code?: string }).code);
  return answer;
};

/** The specification names every code that an operation refuses with. */
const expectDocumentedCode = (route: AnyRoute, code: string | undefined): void => {
  if (code === undefined) return;
  const { codes } = documentation.operations[nameOf(route)]!;
  expect([nameOf(route), ...codesOf(route, codes)]).toContain(code);
};

describe('routes', () => {
  it('all have a sample, and all samples have a route', () => {
    const names = world.server.app.routes.map(nameOf);
    expect(names.filter((name) => !endingRoutes.has(name)).sort()).toEqual(
      Object.keys(routeSamples).sort(),
    );
  });

  it.each(Object.entries(routeSamples))(
    'answer whoever may call %s, and nobody else',
    async (name, sample) => {
      const route = routeOf(name);
      const by = world[sample.by ?? 'alice'];
      const request = await sample.request(world);
      if (route.auth !== 'none') {
        const anonymous = await call(route, request, undefined);
        expect([anonymous.status, anonymous.body.code]).toEqual([401, 'UNAUTHENTICATED']);
        const stranger = await call(route, request, world.stranger);
        if (sample.stranger === 200) expect(stranger.status).toBeLessThan(400);
        else expect(stranger.status).toBe(sample.stranger);
      }
      if (!sample.isForm) {
        const allowed = await call(route, await sample.request(world), by);
        expect([name, allowed.status < 400 ? 'allowed' : allowed.body]).toEqual([name, 'allowed']);
      }
    },
  );

  it('are closed to a deactivated account', async () => {
    const leaver = await world.newUser();
    const accounts = await openAccounts(world.server);
    await accounts.accounts.deactivate(leaver.id);
    await accounts.close();
    for (const [name, sample] of Object.entries(routeSamples)) {
      const route = routeOf(name);
      if (route.auth === 'none') continue;
      const { status } = await call(route, await sample.request(world), leaver);
      expect([name, status === 401 || status === 403]).toEqual([name, true]);
    }
  });
});

describe('a server key', () => {
  it('opens no route that is not under one, and no socket', async () => {
    const closed = world.server.app.routes.filter(
      ({ auth }) => auth === 'user' || auth === 'admin',
    );
    for (const route of closed) {
      // Whoever may not call is refused before anything is looked up.
      const address = route.path.replace(/:\w+/g, '0123456789abcdef01234567');
      const { status } = await world.server.http[route.method](address).set(world.service.auth);
      expect([nameOf(route), status]).toEqual([nameOf(route), 401]);
    }
    await expect(TestSocket.connect(world.server, world.service)).rejects.toMatchObject({
      data: { code: 'UNAUTHENTICATED' },
    });
  });

  it('needs the scope that the route names', () => {
    const without = world.server.app.routes.filter(
      ({ auth, scope }) => (auth === 'server') !== (scope !== undefined),
    );
    expect(without.map(nameOf)).toEqual([]);
  });

  it('opens a route with the scope that it names, and does not with all others', async () => {
    const { server, admin } = world;
    const having: Record<string, TestUser> = {};
    const lacking: Record<string, TestUser> = {};
    for (const scope of SERVER_SCOPES) {
      having[scope] = await newService(server, admin, [scope]);
      const others = SERVER_SCOPES.filter((other) => other !== scope);
      lacking[scope] = await newService(server, admin, others);
    }
    const opened = new Set<string>();
    for (const route of server.app.routes.filter(({ auth }) => auth === 'server')) {
      const name = nameOf(route);
      const scope = route.scope!;
      const request = await routeSamples[name]!.request(world);
      // To act as somebody is a scope of its own.
      const { senderId, ...body } = request.body ?? {};
      const own = { ...request, ...(request.body && { body }) };
      const refused = await call(route, own, lacking[scope]);
      expect([name, refused.status, refused.body.code]).toEqual([name, 403, 'SCOPE_MISSING']);
      expect((refused.body as { message: string }).message).toContain(scope);
      const allowed = await call(route, own, having[scope]);
      expect([name, allowed.status < 400 ? 'allowed' : allowed.body]).toEqual([name, 'allowed']);
      opened.add(scope);
      if (senderId === undefined) continue;
      const acting = await call(route, request, lacking['act-as']);
      expect([name, acting.status, acting.body.code]).toEqual([name, 403, 'SCOPE_MISSING']);
      opened.add('act-as');
    }
    expect([...opened].sort()).toEqual([...SERVER_SCOPES].sort());
  });

  it('does every change once under an Idempotency-Key', async () => {
    const { server, service } = world;
    const changing = server.app.routes.filter(
      ({ auth, method }) => auth === 'server' && method !== 'get',
    );
    expect(changing.length).toBeGreaterThan(10);
    for (const route of changing) {
      const name = nameOf(route);
      const request = await routeSamples[name]!.request(world);
      const once = randomUUID();
      const attempt = () =>
        server.http[route.method](addressOf(route.path, request))
          .set(service.auth)
          .set('Idempotency-Key', once)
          .send(request.body);
      const first = await attempt();
      expect([name, first.status < 400 ? 'done' : first.body]).toEqual([name, 'done']);
      const again = await attempt();
      expect([name, again.status, again.headers['idempotency-replayed']]).toEqual([
        name,
        first.status,
        'true',
      ]);
      expect(again.body).toEqual(first.body);
    }
  });
});

describe('what is for admins', () => {
  it('is refused at once to an admin who has been demoted, whatever the login remembers', async () => {
    const former = await world.newUser();
    const accounts = await openAccounts(world.server);
    await accounts.accounts.setRole(former.id, 'admin');
    const socket = await TestSocket.connect(world.server, former);
    await world.server.http.get('/api/admin/users').set(former.auth).expect(200);
    // Not even this node is told of it.
    const demoted = { $set: { role: 'user' } };
    await accounts.db.collection('users').updateOne({ _id: new ObjectId(former.id) }, demoted);
    const answers: Record<string, unknown> = {};
    const { routes, commands } = world.server.app;
    for (const route of routes.filter(({ auth }) => auth === 'admin')) {
      const sample = routeSamples[nameOf(route)]!;
      const { body } = await call(route, await sample.request(world), former);
      answers[nameOf(route)] = (body as { code?: string }).code;
    }
    for (const { dialect, event } of commands.filter(({ auth }) => auth === 'admin')) {
      const payload = await commandSamples[`${dialect} ${event}`]!.payload(world);
      const ack = await socket.command(event, payload);
      answers[event] = ack.ok ? 'ok' : ack.error.code;
    }
    expect(Object.keys(answers).length).toBeGreaterThan(10);
    expect(answers).toEqual(
      Object.fromEntries(Object.keys(answers).map((name) => [name, 'FORBIDDEN'])),
    );
    socket.close();
    await accounts.close();
  });
});

describe('socket commands', () => {
  it('all have a sample, and all samples have a command', () => {
    const names = world.server.app.commands.map(({ dialect, event }) => `${dialect} ${event}`);
    expect([...new Set(names)].sort()).toEqual(Object.keys(commandSamples).sort());
  });

  it('are closed to callers without a token', async () => {
    await expect(TestSocket.connect(world.server, { token: undefined })).rejects.toMatchObject({
      data: { code: 'UNAUTHENTICATED' },
    });
    await expect(TestSocket.connect(world.server, { token: 'forged' })).rejects.toMatchObject({
      data: { code: 'UNAUTHENTICATED' },
    });
  });

  it.each(Object.entries(commandSamples))(
    'answer whoever may send %s, and nobody else',
    async (name, sample) => {
      const event = name.split(' ')[1]!;
      const [stranger, by] = await Promise.all([
        TestSocket.connect(world.server, world.stranger),
        TestSocket.connect(world.server, world[sample.by ?? 'alice']),
      ]);
      const refused = await stranger.command(event, await sample.payload(world));
      expect(refused.ok ? 'ok' : refused.error.code).toBe(sample.stranger);
      const allowed = await by.command(event, await sample.payload(world));
      expect([name, allowed.ok ? 'ok' : allowed.error]).toEqual([name, 'ok']);
      stranger.close();
      by.close();
    },
  );
});
