/** The operations whose costs are counted: what people do most, as they do it. */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Counts } from './operation-counts.js';
import { OperationCounter, monitored } from './operation-counts.js';
import type { TestServer, TestUser } from './server.js';
import { openChatBetween, registerUser, startServer } from './server.js';
import { TestSocket } from './socket.js';

/** One operation's costs, in all and divided by how often it was done. */
export interface OperationCosts {
  name: string;
  times: number;
  counts: Counts;
}

/** How often each operation is done: enough that what happens once in a while weighs little. */
const TIMES = 20;
const CHATS = 50;
const STORM = 100;
/** The access-change feed names what has changed for so long, and a moment more (ms). */
const NAMED_MS = 11_000;

const repeat = async (times: number, run: (turn: number) => Promise<unknown>): Promise<void> => {
  for (let turn = 0; turn < times; turn++) await run(turn);
};

/** The operation that shows how sends share commands: all are handed in before any is written. */
export const SENDS_IN_ONE_TURN = '200 sends over 50 chats in one turn';

/** A request that must succeed. */
const get = async (server: TestServer, user: TestUser, path: string): Promise<void> => {
  await server.http.get(path).set(user.auth).expect(200);
};

/** A command that must succeed. */
const ask = async (socket: TestSocket, event: string, payload: object): Promise<void> => {
  const ack = await socket.command(event, payload);
  if (!ack.ok) throw new Error(`${event}: ${ack.error.message}`);
};

/** Syncs until there is nothing more to tell; answers what a sync sends then. */
const catchUp = async (socket: TestSocket): Promise<{ chats: object; tags: object }> => {
  const chats: Record<string, number> = {};
  const tags: Record<string, string> = {};
  for (;;) {
    const { data } = await socket.command<{
      chats: { chatId: string; version: number; tag: string }[];
    }>('sync', { chats, tags, limit: 1000 });
    if (data.chats.length === 0) return { chats, tags };
    for (const { chatId, version, tag } of data.chats) {
      chats[chatId] = version;
      tags[chatId] = tag;
    }
  }
};

/**
 * Does each operation on the first node, whose users have their other devices on the last one.
 *
 * @param nodes started with `monitored` addresses, over one database.
 */
const countOn = async (
  nodes: TestServer[],
  counter: OperationCounter,
): Promise<OperationCosts[]> => {
  const [server, other] = [nodes[0]!, nodes.at(-1)!];
  const [alice, bob] = await Promise.all([registerUser(server), registerUser(server)]);
  const friends = await Promise.all(Array.from({ length: CHATS - 1 }, () => registerUser(server)));
  const chatIds = [await openChatBetween(server, alice, bob)];
  for (const friend of friends) chatIds.push(await openChatBetween(server, alice, friend));
  const chatId = chatIds[0]!;
  const sender = await TestSocket.connect(server, alice, { dialect: 'native' });
  const reader = await TestSocket.connect(other, bob, { dialect: 'native' });
  const message = (chat: string) => ({
    chatId: chat,
    content: 'What does it cost?',
    clientMessageId: randomUUID(),
  });
  const messageIds: string[] = [];
  const send = async () => {
    const ack = await sender.command<{ id: string }>('send_message', message(chatId));
    messageIds.push(ack.data.id);
  };
  // What is asked once, when something is used for the first time, is no cost of an operation.
  // What the access-change feed has named is not cached for a while, new chats among it.
  await wait(NAMED_MS);
  for (const chat of chatIds) await ask(sender, 'send_message', message(chat));
  for (let turn = 0; turn < TIMES; turn++) await send();

  const costs: OperationCosts[] = [];
  const operation = async (name: string, times: number, run: () => Promise<unknown>) => {
    costs.push({ name, times, counts: await counter.count(run) });
  };
  await operation('send over the socket', TIMES, () => repeat(TIMES, send));
  await operation('mark as read what has just come', TIMES, () =>
    repeat(TIMES, (turn) =>
      ask(reader, 'mark_as_read', { chatId, messageIds: [messageIds[TIMES + turn]] }),
    ),
  );
  const actor = { userId: alice.id, role: 'user', sessionId: 'any' } as const;
  await operation(SENDS_IN_ONE_TURN, 200, () =>
    Promise.all(
      Array.from({ length: 200 }, (_, turn) =>
        server.app.useCases.sending.send(actor, {
          ...message(chatIds[turn % CHATS]!),
          media: [],
        }),
      ),
    ),
  );
  await operation('send over REST', TIMES, () =>
    repeat(TIMES, () =>
      server.http.post('/api/messages').set(alice.auth).send(message(chatId)).expect(201),
    ),
  );
  await operation('page of history', TIMES, () =>
    repeat(TIMES, () => get(server, alice, `/api/chats/${chatId}/messages?limit=50`)),
  );
  await operation('list of active chats', TIMES, () =>
    repeat(TIMES, () => get(server, alice, '/api/chats/active')),
  );
  await operation('edit', TIMES, () =>
    repeat(TIMES, (turn) =>
      ask(sender, 'edit_message', { messageId: messageIds[turn], content: `Edited ${turn}` }),
    ),
  );
  const inStep = await catchUp(sender);
  await operation('empty sync', TIMES, () => repeat(TIMES, () => ask(sender, 'sync', inStep)));
  const devices: TestSocket[] = [];
  const arrive = async (user: TestUser, chat: string) => {
    const device = await TestSocket.connect(server, user, { dialect: 'native' });
    devices.push(device);
    await ask(device, 'join_chat', { chatId: chat });
  };
  await operation('connect and join', TIMES, () => repeat(TIMES, () => arrive(alice, chatId)));
  await operation(`connect and join, ${STORM} at once`, STORM, () =>
    Promise.all(
      Array.from({ length: STORM }, (_, turn) =>
        arrive(friends[turn % friends.length]!, chatIds[1 + (turn % friends.length)]!),
      ),
    ),
  );
  for (const device of [...devices, sender, reader]) device.close();
  return costs;
};

/** Counts on one node, or on two with a Redis. */
export const countOperations = async ({ redisUrl }: { redisUrl?: string } = {}): Promise<
  OperationCosts[]
> => {
  // Makes the database, and drops it in the end.
  const owner = await startServer();
  const start = () =>
    startServer({
      mongodbUri: monitored(owner.mongodbUri),
      ...(redisUrl ? { env: { REDIS_URL: redisUrl } } : { isDatabasePrivate: true }),
    });
  const nodes = redisUrl ? [await start(), await start()] : [await start()];
  const counter = await OperationCounter.watch(nodes, redisUrl);
  try {
    return await countOn(nodes, counter);
  } finally {
    counter.close();
    for (const node of nodes) await node.close();
    await owner.close();
  }
};
