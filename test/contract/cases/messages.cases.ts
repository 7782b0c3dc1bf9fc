import { randomUUID } from 'node:crypto';
import type { ContractCases, ContractWorld } from '../contract-case.js';

const send = ({ client, alice, chatId }: ContractWorld, body: object) =>
  client.call('post', '/api/messages', {
    token: alice.token,
    body: { chatId, content: 'hello', ...body },
  });

/** Sending and reading messages. */
export const messageCases: ContractCases = {
  'post /api/messages': async (world) => {
    const clientMessageId = randomUUID();
    const { body } = await send(world, { clientMessageId });
    await send(world, { clientMessageId });
    await send(world, { clientMessageId, content: 'something else' });
    await send(world, { replyTo: (body.data as { id: string }).id });
    await send(world, { content: '' });
  },
  'get /api/messages': async (world) => {
    await send(world, {});
    const { client, bob, chatId, newUser } = world;
    for (const { token } of [bob, await newUser()]) {
      for (const query of [{ chatId }, { room: 'general' }, {}, { chatId, room: 'general' }]) {
        await client.call('get', '/api/messages', {
          token,
          query: query as Record<string, string>,
        });
      }
    }
  },
  'get /api/messages/starred': async ({ client, alice, newMessage }) => {
    const starred = async (query: Record<string, string>) =>
      (await client.call('get', '/api/messages/starred', { token: alice.token, query })).body.data;
    for (const messageId of [await newMessage(), await newMessage()]) {
      await client.call('post', '/api/messages/{messageId}/star', {
        token: alice.token,
        params: { messageId },
      });
    }
    const [newest] = (await starred({ limit: '1' })) as { id: string }[];
    await starred({ before: newest!.id });
    await starred({ before: 'not-an-id' });
  },
  'get /api/chats/{chatId}/messages': async (world) => {
    await send(world, {});
    const { client, bob, chatId } = world;
    const queries = [
      {},
      { page: '1', limit: '1' },
      { before: '2' },
      { after: '0' },
      { around: '1' },
    ];
    for (const query of [...queries, { before: '2', after: '1' }]) {
      await client.call('get', '/api/chats/{chatId}/messages', {
        token: bob.token,
        params: { chatId },
        query: query as Record<string, string>,
      });
    }
  },
};
