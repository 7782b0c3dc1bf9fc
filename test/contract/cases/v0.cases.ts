import { randomUUID } from 'node:crypto';
import type { ContractCases, ContractWorld } from '../contract-case.js';
import { conversationListCases, personCases } from './conversation-lists.js';

const BASE = '/api/v0/chat';

/** Sends from Alice to Bob; answers with the message. */
const send = async ({ client, alice, bob }: ContractWorld, body: object = {}) => {
  const answer = await client.call('post', `${BASE}/send`, {
    token: alice.token,
    body: { receiverId: bob.id, message: 'hello', ...body },
  });
  return answer.body.data as { id: string; conversationId: string };
};

/** Calls a route about a message of Alice's, as Bob and as somebody who does not see it. */
const aboutMessage = (method: string, path: string) => async (world: ContractWorld) => {
  const { id: messageId } = await send(world);
  const { client, bob, newUser } = world;
  for (const { token } of [await newUser(), bob]) {
    await client.call(method, path, { token, params: { messageId } });
  }
};

/** Calls a route about the conversation, as Bob and as somebody who is not in it. */
const aboutConversation =
  (method: string, path: string, queries: Record<string, string>[] = [{}]) =>
  async (world: ContractWorld) => {
    const { conversationId } = await send(world);
    const { client, bob, newUser } = world;
    for (const { token } of [await newUser(), bob]) {
      for (const query of queries) {
        await client.call(method, path, { token, params: { conversationId }, query });
      }
    }
  };

/** The v0 dialect. */
export const v0Cases: ContractCases = {
  ...conversationListCases(BASE, send),
  [`get ${BASE}/online-users`]: async ({ client, bob }) => {
    await client.call('get', `${BASE}/online-users`, { token: bob.token });
  },
  [`get ${BASE}/user-status/{userId}`]: async (world) => {
    await send(world);
    const { client, alice, bob, newUser } = world;
    for (const { token } of [bob, await newUser()]) {
      await client.call('get', `${BASE}/user-status/{userId}`, {
        token,
        params: { userId: alice.id },
      });
    }
  },
  ...personCases(BASE, 'receiverId'),
  [`get ${BASE}/conversation/{conversationId}/messages`]: aboutConversation(
    'get',
    `${BASE}/conversation/{conversationId}/messages`,
    [{}, { page: '2', limit: '1' }],
  ),
  [`put ${BASE}/conversation/{conversationId}/read`]: aboutConversation(
    'put',
    `${BASE}/conversation/{conversationId}/read`,
  ),
  [`post ${BASE}/send`]: async (world) => {
    const clientMessageId = randomUUID();
    await send(world, { clientMessageId });
    await send(world, { clientMessageId });
    await send(world, { clientMessageId, message: 'something else' });
    await send(world, { message: '' });
  },
  [`put ${BASE}/message/{messageId}/read`]: aboutMessage('put', `${BASE}/message/{messageId}/read`),
  [`delete ${BASE}/message/{messageId}`]: aboutMessage('delete', `${BASE}/message/{messageId}`),
};
