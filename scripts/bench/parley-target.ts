import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import type { Socket } from 'socket.io-client';
import { settings } from '../../src/config/index.js';
import { startServerProcess } from './server-process.js';
import { ACK_TIMEOUT_MS, Refusal, connect, inParallel } from './target.js';
import type { Peer, Target } from './target.js';

/** Parley, and what a benchmark asks of it besides messages. */
export interface ParleyTarget extends Target {
  /** Calls the REST API and gives the answer's body. */
  api<T>(method: string, path: string, token?: string, body?: object): Promise<T>;
  /** Makes a user and a token for it. */
  register(): Promise<Account>;
  /** Opens the accepted chat of two users and gives its id. */
  openChat(a: Account, b: Account): Promise<string>;
  /** Connects a device that looks at a chat; to another node when its address is given. */
  enter(account: Account, chatId: string, url?: string): Promise<StallingPeer>;
  /** The environment that the process runs in, for further nodes. */
  env: Record<string, string>;
  /** Restarts the process on the same data, for a clean look at its memory. */
  restart(): Promise<void>;
}

/** A peer that can stop reading from its connection, and still holds it open. */
export interface StallingPeer extends Peer {
  stall(): void;
}

/** A registered user. */
export interface Account {
  id: string;
  token: string;
}

interface Ack {
  ok: boolean;
  error?: { code: string };
}

const NO_LIMITS = Object.fromEntries(
  Object.values(settings)
    .filter(({ env }) => /^(RATE_LIMIT_|(HTTP_)?CONNECTIONS_PER_|USER_CONCURRENCY$)/.test(env))
    .map(({ env }) => [env, '0']),
);

const command = async (socket: Socket, event: string, payload: object): Promise<void> => {
  const answer = (await socket.timeout(ACK_TIMEOUT_MS).emitWithAck(event, payload)) as Ack;
  if (!answer.ok) throw new Refusal(event, answer.error?.code ?? 'no code');
};

const peer = (socket: Socket, chatId: string): StallingPeer => ({
  send: (content) =>
    command(socket, 'send_message', { chatId, content, clientMessageId: randomUUID() }),
  onMessage: (listener) => {
    socket.on('message_received', (message: { content: string }) => {
      listener(message.content);
    });
  },
  close: () => {
    socket.disconnect();
  },
  stall: () => {
    const { ws } = socket.io.engine.transport as unknown as { ws: { pause(): void } };
    ws.pause();
  },
});

/** A database of the run's own: on `MONGODB_URI` when set, else the embedded one in a new folder. */
const ownDatabase = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'));
  const env: Record<string, string> = { DATA_DIR: folder, MONGODB_URI: '' };
  const given = process.env.MONGODB_URI;
  const uri = given && new URL(given);
  if (uri) {
    uri.pathname = `/bench_${process.pid}`;
    env.MONGODB_URI = uri.toString();
  }
  const remove = async () => {
    if (uri) {
      const client = await MongoClient.connect(env.MONGODB_URI!);
      await client.db().dropDatabase();
      await client.close();
    }
    await rm(folder, { recursive: true, force: true });
  };
  return { env, remove };
};

/** The program under measurement. */
export const PARLEY = ['--enable-source-maps', 'dist/main.js'];

/**
 * Starts Parley from `dist`, with cheap password hashes and without rate limits.
 *
 * @param extra further settings; they win.
 */
export const startParley = async (extra: Record<string, string> = {}): Promise<ParleyTarget> => {
  const database = await ownDatabase();
  const env = {
    NODE_ENV: 'development',
    LOG_LEVEL: 'error',
    BCRYPT_ROUNDS: '4',
    JWT_SECRET: 'x'.repeat(32),
    ...NO_LIMITS,
    ...database.env,
    ...extra,
  };
  const start = () => startServerProcess(PARLEY, env);
  let server = await start();

  const api: ParleyTarget['api'] = async <T>(
    method: string,
    path: string,
    token?: string,
    body?: object,
  ) => {
    const res = await fetch(server.url + path, {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!res.ok) throw new Error(`${method} ${path}: ${res.status} ${await res.text()}`);
    return (await res.json()) as T;
  };

  const register: ParleyTarget['register'] = async () => {
    const name = `u${randomUUID().replaceAll('-', '').slice(0, 20)}`;
    const { data } = await api<{ data: { token: string; user: { id: string } } }>(
      'POST',
      '/api/auth/register',
      undefined,
      { username: name, email: `${name}@example.com`, password: 'bench-password' },
    );
    return { id: data.user.id, token: data.token };
  };

  const openChat: ParleyTarget['openChat'] = async (a, b) => {
    const created = await api<{ data: { id: string } }>('POST', '/api/chats/or-create', a.token, {
      recipientId: b.id,
    });
    await api('POST', `/api/chats/${created.data.id}/accept`, b.token, {});
    return created.data.id;
  };

  const enter: ParleyTarget['enter'] = async (account, chatId, url = server.url) => {
    const socket = await connect(url, { token: account.token, dialect: 'native' });
    await command(socket, 'join_chat', { chatId });
    return peer(socket, chatId);
  };

  const couples = (count: number) =>
    inParallel(Array.from({ length: count }), 10, async () => {
      const people = [await register(), await register()] as const;
      return { people, chatId: await openChat(...people) };
    });

  const crowd: ParleyTarget['crowd'] = async (count) => {
    const made = await couples(Math.ceil(count / 2));
    const members = made.flatMap(({ people, chatId }) =>
      people.map((person) => ({ person, chatId })),
    );
    return () => Promise.all(members.map(({ person, chatId }) => enter(person, chatId)));
  };

  return {
    name: 'parley',
    get server() {
      return server;
    },
    api,
    register,
    openChat,
    enter,
    env,
    pairs: async (count) =>
      inParallel(await couples(count), 20, async ({ people: [a, b], chatId }) => [
        await enter(a, chatId),
        await enter(b, chatId),
      ]),
    // Two people with many devices each: one chat whose every message goes to `size` sockets.
    room: async (size) => {
      const [couple] = await couples(1);
      const { people, chatId } = couple!;
      const places = Array.from({ length: size }, (_, index) => people[index % 2]!);
      return inParallel(places, 50, (person) => enter(person, chatId));
    },
    crowd,
    restart: async () => {
      await server.stop();
      server = await start();
    },
    stop: async () => {
      await server.stop();
      await database.remove();
    },
  };
};
