import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { channels } from '../../../src/transport/socket/channels.js';
import { eventually } from '../../support/eventually.js';
import type { TestServer } from '../../support/server.js';
import { registerUser, startServer } from '../../support/server.js';
import { TestSocket } from '../../support/socket.js';

const ADMIN = { username: 'root', password: 'test123' };

describe("the v0 dialect's admin features", () => {
  let server: TestServer;
  let admin: { token: string; auth: { Authorization: string } };
  beforeAll(async () => {
    server = await startServer({
      env: {
        ADMIN_USERNAME: ADMIN.username,
        ADMIN_EMAIL: 'root@example.com',
        ADMIN_PASSWORD: ADMIN.password,
      },
    });
    const login = await server.http.post('/api/auth/login').send(ADMIN).expect(200);
    const { token } = (login.body as { data: { token: string } }).data;
    admin = { token, auth: { Authorization: `Bearer ${token}` } };
  });
  afterAll(async () => {
    await server.close();
  });

  it('broadcasts by socket and REST: admin_broadcast with data, once for each', async () => {
    const speaker = await TestSocket.connect(server, admin);
    const user = await registerUser(server);
    const v0 = await TestSocket.connect(server, user, { dialect: 'v0' });
    const all = await TestSocket.connect(server, user);
    // Until a device is shown broadcasts as they are sent, its user's other device hears them alone.
    const { registry } = server.app.sockets;
    await eventually(() => registry.countIn(channels.arriving()) === 0);
    const ack = await speaker.command('admin_broadcast', {
      message: 'Important announcement!',
      messageType: 'text',
    });
    expect(ack.ok).toBe(true);
    await server.http
      .post('/api/v0/chat/admin/broadcast')
      .set(admin.auth)
      .send({ message: 'Another one', messageType: 'text' })
      .expect(201);
    for (const message of ['Important announcement!', 'Another one']) {
      for (const socket of [v0, all]) {
        const isIt = ({ data }: Record<string, unknown>) =>
          (data as { message: string }).message === message;
        expect(await socket.next('admin_broadcast', isIt)).toMatchObject({
          success: true,
          data: { message, messageType: 'text', senderName: ADMIN.username },
        });
      }
    }
    expect([v0.count('admin_broadcast'), all.count('admin_broadcast')]).toEqual([2, 2]);
    for (const socket of [speaker, v0, all]) socket.close();
  });

  it('writes to one person by socket and REST: new_message, without anybody accepting', async () => {
    const user = await registerUser(server);
    const socket = await TestSocket.connect(server, user, { dialect: 'v0' });
    const speaker = await TestSocket.connect(server, admin);
    const body = { userId: user.id, message: 'Hello from admin', messageType: 'text' };
    expect(await speaker.command('admin_message_user', body)).toMatchObject({ ok: true });
    await server.http
      .post('/api/v0/chat/admin/send-to-user')
      .set(admin.auth)
      .send({ ...body, message: 'And by REST' })
      .expect(201);
    for (const message of ['Hello from admin', 'And by REST']) {
      const isIt = ({ data }: Record<string, unknown>) =>
        (data as { message: string }).message === message;
      expect(await socket.next('new_message', isIt)).toMatchObject({
        data: { receiverId: user.id, senderName: ADMIN.username },
      });
    }
    socket.close();
    speaker.close();
  });

  it('refuses everybody else', async () => {
    const user = await registerUser(server);
    const socket = await TestSocket.connect(server, user);
    const body = { userId: user.id, message: 'x' };
    for (const [event, payload] of [
      ['admin_broadcast', { message: 'x' }],
      ['admin_message_user', body],
    ] as const) {
      expect([event, await socket.command(event, payload)]).toMatchObject([
        event,
        { ok: false, error: { code: 'FORBIDDEN' } },
      ]);
    }
    for (const [path, payload] of [
      ['broadcast', { message: 'x' }],
      ['send-to-user', body],
    ] as const) {
      const call = () => server.http.post(`/api/v0/chat/admin/${path}`).send(payload);
      expect((await call().set(user.auth)).status).toBe(403);
      expect((await call()).status).toBe(401);
    }
    socket.close();
  });
});
