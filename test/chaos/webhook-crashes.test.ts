/**
 * A node that is killed at each point between the write of a message and the note that a receiver has it: the receiver
 * hears of every event at least once, under one id, and of each chat in the order of its log.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { MongoClient } from 'mongodb';
import { Webhook } from 'standardwebhooks';
import { ADMIN_ENV } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import type { ParleyProcess } from '../support/parley-process.js';
import { freePort, startParley } from '../support/parley-process.js';
import { api, register } from './chaos-people.js';

const PRELOAD = './test/chaos/webhook-fault-points.mjs';
const WEBHOOKS = '/api/admin/webhooks';
const START_ATTEMPTS = 4;
/** How long a node may take to get to the point where it is to end, in milliseconds. */
const CRASH_DEADLINE_MS = 60_000;

/** What the receiver counts. */
interface Heard {
  id: string;
  type: string;
  seq: number;
  version: number;
  /** Whether it was answered with a success. */
  isAccepted: boolean;
}

/** A node with a webhook and a chat; its database outlives it. */
class World {
  readonly heard: Heard[] = [];
  /** Answers the next events, if set; says whether with a success. */
  answer: ((response: ServerResponse) => boolean) | undefined;
  private node!: ParleyProcess;
  private receiver!: Server;
  private env: NodeJS.ProcessEnv = {};
  private folder = '';
  private token = '';
  private sender = '';
  private chatId = '';
  private secret = '';
  webhookId = '';

  static async start(name: string): Promise<World> {
    const world = new World();
    world.folder = await mkdtemp(join(tmpdir(), 'parley-webhook-crash-'));
    await world.listen();
    const base = process.env.MONGODB_URI;
    const uri = base ? new URL(base) : undefined;
    if (uri) uri.pathname = `/crash_${process.pid}_${name}`;
    world.env = {
      ...ADMIN_ENV,
      NODE_ENV: 'test',
      LOG_LEVEL: 'error',
      BCRYPT_ROUNDS: '4',
      JWT_SECRET: 'a secret that outlives the node',
      RATE_LIMIT_REGISTER_PER_HOUR: '0',
      OUTBOUND_ALLOW: '127.0.0.1',
      PORT: String(await freePort()),
      DATA_DIR: world.folder,
      ...(uri && { MONGODB_URI: uri.href }),
    };
    await world.startNode();
    await world.prepare();
    return world;
  }

  /** Tries again: a busy machine may take longer than a start is given. */
  async startNode(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.node = await startParley(this.env, PRELOAD);
        return;
      } catch (error) {
        if (attempt === START_ATTEMPTS) throw error;
      }
    }
  }

  /** Sends a message that counts from the node's acknowledgement on. */
  send(content: string): Promise<{ id: string; seq: number }> {
    return api(this.node.url, '/api/messages', this.sender, { chatId: this.chatId, content });
  }

  /** Calls the node as its admin. */
  admin<T>(path: string, body?: object): Promise<T> {
    return api(this.node.url, path, this.token, body);
  }

  /** Enables the webhook again, whose receiver was gone. */
  async enable(): Promise<void> {
    const response = await fetch(`${this.node.url}${WEBHOOKS}/${this.webhookId}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ isEnabled: true }),
    });
    if (!response.ok) throw new Error(`enabling: ${response.status}`);
  }

  /** Ends the node when it gets to the point, and starts it again. */
  async crash(point: string, provoke: () => Promise<unknown>): Promise<void> {
    const ended = once(this.node.child, 'exit', { signal: AbortSignal.timeout(CRASH_DEADLINE_MS) });
    this.node.child.send(point);
    // Its request may fail with the node.
    await provoke().catch(() => undefined);
    await this.ending(ended, point);
  }

  /** Ends the node while the receiver has an event and has not answered, and starts it again. */
  async crashInDelivery(provoke: () => Promise<unknown>): Promise<void> {
    const ended = once(this.node.child, 'exit', { signal: AbortSignal.timeout(CRASH_DEADLINE_MS) });
    this.answer = () => {
      this.node.child.kill('SIGKILL');
      return false;
    };
    await provoke().catch(() => undefined);
    await this.ending(ended, 'a delivery');
  }

  /** Resolves when all messages of the chat are known to have arrived; checks ids, signatures and order. */
  async allHeard(count: number): Promise<void> {
    const created = (onlyAccepted: boolean) =>
      this.heard.filter(({ type, isAccepted }) => {
        return type === 'message.created' && (isAccepted || !onlyAccepted);
      });
    const seqs = () => new Set(created(true).map(({ seq }) => seq));
    await eventually(() => seqs().size >= count);
    // In the log's order, by what came first of each.
    const first = [...new Set(created(false).map(({ seq }) => seq))];
    expect(first).toEqual(Array.from({ length: count }, (_, n) => n + 1));
    const idsOf = (seq: number) =>
      new Set(
        created(false)
          .filter((one) => one.seq === seq)
          .map(({ id }) => id),
      );
    expect(first.map((seq) => idsOf(seq).size)).toEqual(first.map(() => 1));
  }

  async stop(): Promise<void> {
    await this.node.stop('SIGTERM');
    this.receiver.closeAllConnections();
    this.receiver.close();
    await rm(this.folder, { recursive: true, force: true });
    if (!this.env.MONGODB_URI) return;
    const client = await MongoClient.connect(this.env.MONGODB_URI);
    await client.db().dropDatabase();
    await client.close();
  }

  private async ending(ended: Promise<unknown[]>, point: string): Promise<void> {
    const [, signal] = await ended.catch(() => {
      throw new Error(`the node did not come to this point: ${point}`);
    });
    if (signal !== 'SIGKILL') throw new Error(`the node ended by ${String(signal)}`);
    this.answer = undefined;
    await this.startNode();
  }

  private async listen(): Promise<void> {
    this.receiver = createServer((request, response) => {
      void text(request).then((body) => {
        const headers = request.headers as Record<string, string>;
        const { data, type } = new Webhook(this.secret).verify(body, headers) as {
          type: string;
          data: { message?: { seq: number; version: number } };
        };
        const { seq = 0, version = 0 } = data.message ?? {};
        const heard = { id: headers['webhook-id']!, type, seq, version, isAccepted: false };
        this.heard.push(heard);
        if (this.answer) heard.isAccepted = this.answer(response);
        else {
          heard.isAccepted = true;
          response.writeHead(204).end();
        }
      });
    });
    await new Promise<void>((resolve) => this.receiver.listen(0, '127.0.0.1', resolve));
  }

  private async prepare(): Promise<void> {
    const { url } = this.node;
    const { token } = await api<{ token: string }>(url, '/api/auth/login', undefined, {
      username: ADMIN_ENV.ADMIN_USERNAME,
      password: ADMIN_ENV.ADMIN_PASSWORD,
    });
    this.token = token;
    const [a, b] = [await register(url, 'sender'), await register(url, 'peer')];
    this.sender = a.token;
    const { id } = await api<{ id: string }>(url, '/api/chats/or-create', a.token, {
      recipientId: b.id,
    });
    this.chatId = id;
    await api(url, `/api/chats/${id}/accept`, b.token, {});
    const { port } = this.receiver.address() as AddressInfo;
    const hook = await this.admin<{ id: string; secret: string }>(WEBHOOKS, {
      url: `http://127.0.0.1:${port}/`,
      events: ['message.created', 'message.edited'],
    });
    this.webhookId = hook.id;
    this.secret = hook.secret;
    await this.send('before');
    await eventually(() => this.heard.length === 1);
  }
}

const after = (status: number) => (response: ServerResponse) => {
  response.writeHead(status).end();
  return false;
};

interface Delivery {
  id: string;
  status: string;
}
const newestDelivery = async (world: World): Promise<Delivery> =>
  (await world.admin<Delivery[]>(`${WEBHOOKS}/${world.webhookId}/deliveries?limit=1`))[0]!;

/** Each kills the node once, and sends the messages 2 to 4. */
const CASES: Record<string, (world: World) => Promise<void>> = {
  ...Object.fromEntries(
    [
      'after the write, before anything is read',
      'after the deliveries are stored, before the position moves',
      'after the position of the chat has moved',
      'after the feed was read, before anything is sent',
      'after the answer, before it is noted',
      'after the answer was noted',
    ].map((point) => [
      point,
      async (world: World) => {
        await world.send('two');
        await world.crash(point, () => world.send('three'));
        await world.send('four');
      },
    ]),
  ),
  'in a delivery': async (world) => {
    await world.crashInDelivery(() => world.send('two'));
    await world.send('three');
    await world.send('four');
  },
  'in a retry': async (world) => {
    world.answer = after(503);
    await world.send('two');
    await eventually(() => world.heard.length === 2);
    await world.crashInDelivery(() => Promise.resolve());
    await world.send('three');
    await world.send('four');
  },
  'in a redelivery': async (world) => {
    await world.send('two');
    await eventually(() => world.heard.length === 2);
    const { id } = await newestDelivery(world);
    const again = `${WEBHOOKS}/${world.webhookId}/deliveries/${id}/redeliver`;
    await world.crash('after a delivery is due again', () => world.admin(again, {}));
    await eventually(() => world.heard.length === 3);
    await world.crashInDelivery(() => world.admin(again, {}));
    await eventually(() => world.heard.length === 5);
    await world.send('three');
    await world.send('four');
  },
  'in a recovery': async (world) => {
    world.answer = after(410);
    await world.send('two');
    await eventually(async () => {
      const hook = await world.admin<{ isEnabled: boolean }>(`${WEBHOOKS}/${world.webhookId}`);
      return !hook.isEnabled;
    });
    world.answer = undefined;
    await world.send('three');
    await world.enable();
    const since = new Date(Date.now() - 3_600_000).toISOString();
    await world.crash('in a recovery', () =>
      world.admin(`${WEBHOOKS}/${world.webhookId}/recover`, { since }),
    );
    await eventually(() => world.heard.some(({ seq }) => seq === 3));
    await world.send('four');
  },
  'after a webhook is disabled, before admins are told': async (world) => {
    world.answer = after(410);
    await world.crash('after a webhook is disabled, before admins are told', () =>
      world.send('two'),
    );
    await eventually(async () => {
      const notices = await world.admin<{ message: string }[]>('/api/broadcasts');
      return notices.some(({ message }) => message.includes('410 Gone'));
    });
    await world.enable();
    await world.send('three');
    await world.send('four');
  },
};

describe('a receiver hears of every message when the node is killed', () => {
  // Several at a time: each waits for the lease of its dead node to end.
  const AT_A_TIME = 2;
  const outcomes = new Map<string, Promise<void>>();
  const worlds: World[] = [];
  beforeAll(() => {
    const waiting = Object.entries(CASES);
    const lanes = Array.from({ length: AT_A_TIME }, () => Promise.resolve());
    waiting.forEach(([name, run], n) => {
      const outcome = lanes[n % AT_A_TIME]!.then(async () => {
        const world = await World.start(String(n));
        worlds.push(world);
        await run(world);
        await world.allHeard(4);
      });
      lanes[n % AT_A_TIME] = outcome.catch(() => undefined);
      outcomes.set(name, outcome);
      outcome.catch(() => undefined);
    });
  });
  afterAll(async () => {
    await Promise.allSettled(outcomes.values());
    await Promise.all(worlds.map((world) => world.stop()));
  }, 60_000);

  it.each(Object.keys(CASES))(
    '%s',
    async (name) => {
      await expect(outcomes.get(name)).resolves.toBeUndefined();
    },
    600_000,
  );
});
