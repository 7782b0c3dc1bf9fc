import { randomUUID } from 'node:crypto';
import type { ContractCases, ContractWorld } from '../contract-case.js';
import { conversationListCases, personCases } from './conversation-lists.js';

const BASE = '/api/chat';

/** Sends from Alice to Bob; answers with the message's id. */
const send = async ({ client, alice, chatId }: ContractWorld, body: object = {}) => {
  const answer = await client.call('post', `${BASE}/message`, {
    token: alice.token,
    body: { conversationId: chatId, text: 'hello', ...body },
  });
  return (answer.body.data as { id: string } | undefined)?.id ?? '';
};

/** The conversation dialect. */
export const conversationCases: ContractCases = {
  ...conversationListCases(BASE, send),
  ...personCases(BASE, 'participantId'),
  [`get ${BASE}/conversation/{conversationId}/messages`]: async (world) => {
    await send(world);
    const { client, bob, chatId: conversationId, newUser } = world;
    for (const { token } of [await newUser(), bob]) {
      await client.call('get', `${BASE}/conversation/{conversationId}/messages`, {
        token,
        params: { conversationId },
        query: { page: '1', limit: '50' },
      });
    }
  },
  [`post ${BASE}/message`]: async (world) => {
    const clientMessageId = randomUUID();
    const replyTo = await send(world, { clientMessageId });
    await send(world, { clientMessageId });
    await send(world, { clientMessageId, text: 'something else' });
    await send(world, { replyTo });
    await send(world, { text: '' });
  },
  [`post ${BASE}/messages/read`]: async (world) => {
    const messageId = await send(world);
    const { client, bob, chatId: conversationId, newUser } = world;
    for (const { token } of [await newUser(), bob]) {
      for (const body of [{ conversationId, messageIds: [messageId] }, { conversationId }]) {
        await client.call('post', `${BASE}/messages/read`, { token, body });
      }
    }
  },
  [`delete ${BASE}/message/{messageId}`]: async (world) => {
    const messageId = await send(world);
    const { client, alice, bob, newUser } = world;
    const remove = ({ token }: { token: string }, body: object) =>
      client.call('delete', `${BASE}/message/{messageId}`, { token, params: { messageId }, body });
    await remove(await newUser(), {});
    await remove(bob, { deleteForEveryone: true });
    await remove(bob, { deleteForEveryone: false });
    await remove(alice, { deleteForEveryone: true });
  },
};
