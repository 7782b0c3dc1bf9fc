/** The way down of a node: what is under way ends, and new work is refused so that it is tried elsewhere. */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MongoClient, ObjectId } from 'mongodb';
import { wavOf } from '../support/media-samples.js';
import { startProxiedServer } from '../support/proxied-server.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';
import { TestSocket, settled } from '../support/socket.js';

describe('a node that goes down', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer();
  });
  afterEach(() => server.close());

  /** An upload of which the last part is missing, and that part. */
  const beginUpload = async (
    user: TestUser,
    chatId: string,
  ): Promise<{ upload: ClientRequest; rest: Buffer }> => {
    const boundary = 'parts';
    const body = Buffer.concat([
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="chatId"\r\n\r\n${chatId}\r\n` +
          `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n` +
          'Content-Type: audio/wav\r\n\r\n',
      ),
      wavOf(1),
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    const upload = request(`${server.url}/api/media/upload-chat-media`, {
      method: 'POST',
      headers: {
        ...user.auth,
        'Content-Type': `multipart/form-data; boundary=${boundary}`,
        'Content-Length': body.length,
      },
    });
    const arrived = once(server.app.httpServer, 'request');
    upload.write(body.subarray(0, 1000));
    await arrived;
    return { upload, rest: body.subarray(1000) };
  };

  it('ends what is under way, and refuses new work so that it is tried elsewhere', async () => {
    const { alice, chatId } = await openDirectChat(server);
    const socket = await TestSocket.connect(server, alice);
    const { upload, rest } = await beginUpload(alice, chatId);
    // The node has answered what came after the upload: it has begun to work on that.
    await settled(socket);
    const down = server.app.shutdown.run();

    const refused = await socket.command('send_message', { chatId, content: 'too late' });
    expect(refused.error).toMatchObject({ code: 'SHUTTING_DOWN', retryAfter: 1 });
    expect(await socket.command('typing', { chatId })).toMatchObject({ ok: true });

    upload.end(rest);
    const [answer] = (await once(upload, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(201);
    answer.resume();
    await down;
    await socket.closed();
  });
});

describe('a node whose database has stopped answering', () => {
  it('is down within 25 seconds all the same, its clients sent elsewhere', async () => {
    const { proxy, server, close } = await startProxiedServer();
    const { alice, bob, chatId } = await openDirectChat(server);
    const sockets = [
      await TestSocket.connect(server, alice),
      await TestSocket.connect(server, bob),
    ];
    proxy.set('freeze');
    const lost = sockets[0]!.command('send_message', { chatId, content: 'into the void' });
    await settled(...sockets);
    const began = performance.now();
    await server.app.shutdown.run();
    expect(performance.now() - began).toBeLessThan(25_000);
    expect((await lost.catch(() => ({ ok: false }))).ok).toBe(false);
    for (const socket of sockets) await socket.closed();
    proxy.set('pass');
    await close();
  }, 60_000);
});

describe('who is connected to a node that goes down', () => {
  it('was last seen then, or when they hid', async () => {
    const server = await startServer();
    const { alice, bob } = await openDirectChat(server);
    await TestSocket.connect(server, alice);
    const hidden = await TestSocket.connect(server, bob);
    await hidden.command('set_status', { status: 'offline' });
    const database = await MongoClient.connect(server.mongodbUri);
    const lastSeen = async (user: TestUser) =>
      (await database
        .db()
        .collection('users')
        .findOne({ _id: new ObjectId(user.id) }))!.lastSeenAt as Date;
    const hidAt = await lastSeen(bob);
    const before = new Date();
    await server.app.shutdown.run();
    expect((await lastSeen(alice)).getTime()).toBeGreaterThanOrEqual(before.getTime());
    expect(await lastSeen(bob)).toEqual(hidAt);
    await database.close();
    await server.close();
  });
});

describe('an idle connection', () => {
  it('is kept for longer than proxies keep theirs, so that none is closed under a request', async () => {
    const server = await startServer();
    const agent = new Agent({ keepAlive: true });
    const asked = request(`${server.url}/health`, { agent }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.resume();
    const [, seconds] = /^timeout=(\d+)$/.exec(answer.headers['keep-alive'] as string)!;
    expect(Number(seconds)).toBeGreaterThan(120);
    agent.destroy();
    await server.close();
  });
});

describe('an upload', () => {
  it('may take as long as the largest file does on a line of 1 Mbit/s, and no silence as long', async () => {
    const server = await startServer();
    const { httpServer } = server.app;
    const seconds = (100 * 8 * 1024 * 1024) / 1e6;
    expect(httpServer.requestTimeout).toBeGreaterThan(seconds * 1000);
    expect(httpServer.timeout).toBeGreaterThan(0);
    expect(httpServer.timeout).toBeLessThanOrEqual(300_000);
    await server.close();
  });
});

describe('a node that could not accept a connection', () => {
  it('goes on with those that it has, and takes others', async () => {
    const server = await startServer();
    const { alice } = await openDirectChat(server);
    const socket = await TestSocket.connect(server, alice);
    for (let i = 0; i < 2; i += 1) {
      server.app.httpServer.emit('error', new Error('accept ENOBUFS'));
    }
    expect(await socket.command('sync', { chats: {} })).toMatchObject({ ok: true });
    await server.http.get('/health').expect(200);
    socket.close();
    await server.close();
  });
});
