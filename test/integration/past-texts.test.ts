/** Past texts may be many times as long as their messages: only who asks for them has them read. */
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { CommandStartedEvent, CommandSucceededEvent } from 'mongodb';
import { MongoClient } from 'mongodb';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';

let server: TestServer;
let second: TestServer;
let alice: TestUser;
let bob: TestUser;
let chatId: string;
/** Names of the commands whose answers had past texts in them. */
let carriers: string[] = [];

/** Whether anything in an answer of the database is a message with past texts. */
const hasPastTexts = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).some(
    ([key, inner]) => (key === 'edits' && inner !== undefined) || hasPastTexts(inner),
  );

beforeAll(async () => {
  const collections = new Map<number, unknown>();
  // A node's connection is its own: its client's events are heard where all clients tell them.
  const emit = MongoClient.prototype.emit;
  jest.spyOn(MongoClient.prototype, 'emit').mockImplementation(function (
    this: MongoClient,
    ...told: Parameters<typeof emit>
  ) {
    const [name, event] = told as unknown[];
    if (name === 'commandStarted') {
      const { requestId, command, commandName } = event as CommandStartedEvent;
      collections.set(requestId, command[commandName]);
    } else if (name === 'commandSucceeded') {
      const { requestId, commandName, reply } = event as CommandSucceededEvent;
      const collection = String(collections.get(requestId));
      collections.delete(requestId);
      if (hasPastTexts(reply)) carriers.push(`${commandName} ${collection}`);
    }
    return emit.apply(this, told);
  });
  server = await startServer();
  // The node whose database commands are looked at.
  const monitored = new URL(server.mongodbUri);
  monitored.searchParams.set('monitorCommands', 'true');
  second = await startServer({ mongodbUri: monitored.href });
  ({ alice, bob, chatId } = await openDirectChat(server));
});

afterAll(async () => {
  jest.restoreAllMocks();
  await second.close();
  await server.close();
});

it('past texts are read by nothing but a look at them', async () => {
  const { http } = second;
  const send = async (content: string, more: object = {}) => {
    const body = { chatId, content, ...more };
    const sent = await http.post('/api/messages').set(alice.auth).send(body).expect(201);
    return (sent.body.data as { id: string }).id;
  };
  const id = await send('first');
  for (const content of ['second', 'third', 'findable']) {
    await http.put(`/api/messages/${id}`).set(alice.auth).send({ content }).expect(200);
  }
  await send('an answer', { replyTo: id });
  const change = (path: string, body: object = {}) =>
    http.post(`/api/messages/${id}/${path}`).set(alice.auth).send(body);
  await change('pin').expect(200);
  await change('react', { emoji: '👍' }).expect(200);
  for (const path of [
    `/api/chats/${chatId}/messages`,
    `/api/chats/${chatId}/messages?around=1`,
    `/api/chats/${chatId}/pinned`,
    `/api/chats/active`,
    `/api/messages/${id}`,
    `/api/messages/${id}/replies`,
    `/api/search/messages?q=findable`,
  ]) {
    const { body, status } = await http.get(path).set(bob.auth);
    expect([path, status]).toEqual([path, 200]);
    expect(JSON.stringify(body)).not.toContain('second');
  }
  for (const chats of [{}, { [chatId]: 1 }]) {
    await http.post('/api/sync').set(bob.auth).send({ chats }).expect(200);
  }
  expect(carriers).toEqual([]);
  const { body } = await http.get(`/api/messages/${id}/edits`).set(bob.auth).expect(200);
  expect((body.data as { content: string }[]).map(({ content }) => content)).toEqual([
    'first',
    'second',
    'third',
  ]);
  expect(carriers).toEqual(['find messages']);
  carriers = [];
  await http.delete(`/api/messages/${id}`).set(alice.auth).expect(200);
  expect(carriers).toEqual([]);
});
