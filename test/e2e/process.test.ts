/** The built program: start, kill, restart, stop, and settings that are refused. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import supertest from 'supertest';
import type { ParleyProcess } from '../support/parley-process.js';
import { freePort, spawnParley, startParley } from '../support/parley-process.js';
import type { TestServer } from '../support/server.js';
import { openDirectChat } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

let dataDir: string;
let running: ParleyProcess | undefined;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parley-e2e-'));
});
afterEach(async () => {
  if (running?.child.exitCode === null) await running.stop('SIGKILL');
  await rm(dataDir, { recursive: true, force: true });
});

const NO_LIMITS = {
  BCRYPT_ROUNDS: '4',
  RATE_LIMIT_MESSAGES_PER_MINUTE: '0',
  RATE_LIMIT_AUTH_PER_15_MIN: '0',
  RATE_LIMIT_REGISTER_PER_HOUR: '0',
};

const start = async (env: NodeJS.ProcessEnv = {}): Promise<ParleyProcess> => {
  running = await startParley({ DATA_DIR: dataDir, ...NO_LIMITS, ...env });
  return running;
};

/** The part of a test server that the REST helpers use. */
const asServer = ({ url }: ParleyProcess): TestServer =>
  ({ url, http: supertest(url) }) as unknown as TestServer;

describe('the program', () => {
  it('keeps every acknowledged message over kill -9, in the embedded database', async () => {
    const port = String(await freePort());
    const first = await start({ PORT: port });
    const { alice, bob, chatId } = await openDirectChat(asServer(first));
    const socket = await TestSocket.connect(first, alice);
    const acknowledged: string[] = [];
    let killed: Promise<unknown> | undefined;
    const sends = Array.from({ length: 200 }, async (_, i) => {
      const content = `message ${i}`;
      const ack = await socket.command('send_message', { chatId, content });
      if (ack.ok) acknowledged.push(content);
      if (acknowledged.length === 60) killed = first.stop('SIGKILL');
    });
    // Those that the kill has left without an answer are refused.
    await Promise.allSettled(sends);
    await killed;
    socket.close();

    const second = await start({ PORT: port });
    const page = await asServer(second)
      .http.get(`/api/chats/${chatId}/messages?limit=200`)
      .set(bob.auth)
      .expect(200);
    const messages = page.body.data as { seq: number; content: string }[];
    expect(acknowledged.length).toBeGreaterThanOrEqual(60);
    expect(messages.map(({ content }) => content)).toEqual(expect.arrayContaining(acknowledged));
    expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, i) => i + 1));
  });

  it('says where it is, where the data is, and what to try', async () => {
    const parley = await start();
    expect(parley.output()).toContain(new URL(parley.url).port);
    expect(parley.output()).toContain(dataDir);
    expect(parley.output()).toContain('curl');
  });

  it('goes down in order on SIGTERM: clients reconnect, the exit code is 0', async () => {
    const parley = await start();
    const { alice } = await openDirectChat(asServer(parley));
    const socket = await TestSocket.connect(parley, alice);
    const reason = new Promise((resolve) => socket.raw.once('disconnect', resolve));
    expect(await parley.stop('SIGTERM')).toBe(0);
    // "io server disconnect" would tell the client to stay away.
    expect(await reason).toBe('transport close');
  });

  it('goes down in order, too, when it is told so twice', async () => {
    const parley = await start();
    const { alice } = await openDirectChat(asServer(parley));
    const socket = await TestSocket.connect(parley, alice);
    const stopped = parley.stop('SIGINT');
    while (!parley.output().includes('shutting down')) await once(parley.child.stdout!, 'data');
    parley.child.kill('SIGINT');
    expect(await stopped).toBe(0);
    await socket.closed();
  });

  it('can be stopped while it waits for its database', async () => {
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const asked = once(silent, 'connection');
    const child = spawnParley({
      DATA_DIR: dataDir,
      MONGODB_URI: `mongodb://127.0.0.1:${port}/parley`,
      PORT: '0',
    });
    const ended = once(child, 'exit');
    const [connection] = (await asked) as [Socket];
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    connection.destroy();
    silent.close();
  });

  it('refuses a second process on the same data, and says so', async () => {
    await start();
    const second = spawnParley({ DATA_DIR: dataDir, PORT: '0' });
    let printed = '';
    second.stderr!.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    const [code] = (await once(second, 'close')) as [number];
    expect(code).toBe(1);
    expect(printed).toMatch(/in use|lock/i);
  });

  it.each([
    { what: 'a port that is taken', env: { PORT: 'taken' }, named: 'PORT' },
    {
      what: 'a database address that cannot be one',
      env: { MONGODB_URI: 'mongodb://user:geheim@host:not-a-port/chat' },
      named: 'MONGODB_URI',
    },
    {
      what: 'an admin who could not be one',
      env: { ADMIN_USERNAME: 'root', ADMIN_EMAIL: 'x', ADMIN_PASSWORD: 'y' },
      named: 'ADMIN_EMAIL',
    },
  ])('names the setting that makes it fail: $what', async ({ env, named }) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const port = String((taken.address() as AddressInfo).port);
    const child = spawnParley({
      DATA_DIR: dataDir,
      ...env,
      PORT: 'PORT' in env ? port : '0',
    });
    let printed = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(1);
    expect(printed).toContain('cannot start with this configuration');
    expect(printed).toContain(named);
    expect(printed).not.toContain('geheim');
    taken.close();
  });

  it('refuses to start in production with unsafe settings, naming each', async () => {
    const child = spawnParley({ NODE_ENV: 'production', DATA_DIR: dataDir, JWT_SECRET: 'short' });
    let printed = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(1);
    for (const name of ['MONGODB_URI', 'JWT_SECRET', 'CORS_ORIGINS'])
      expect(printed).toContain(name);
  });
});
