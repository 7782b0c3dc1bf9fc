/** A chat request that is answered on two nodes at the same moment. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ConversationsCluster } from '../support/conversations-node.js';
import { actorOf, holdFirst, startConversations } from '../support/conversations-node.js';
import { registerUser } from '../support/server.js';

let cluster: ConversationsCluster;
beforeAll(async () => {
  cluster = await startConversations();
});
afterAll(async () => {
  await cluster.close();
});

it('a chat request that has been accepted cannot be rejected, even by an answer that was under way', async () => {
  const { server, nodes } = cluster;
  const [asker, asked] = await Promise.all([registerUser(server), registerUser(server)]);
  const post = (path: string, body: object = {}, user = asker) =>
    server.http.post(path).set(user.auth).send(body);
  const opened = await post('/api/chats/or-create', { recipientId: asked.id }).expect(201);
  const chatId = (opened.body as { data: { id: string } }).data.id;

  const { reached, release } = holdFirst(
    nodes[1],
    ({ collection, isWrite }) => isWrite && collection === 'chats',
  );
  const rejection = nodes[1].useCases.directChats.answer(actorOf(asked), chatId, 'rejected').then(
    () => 'rejected',
    ({ code }: { code: string }) => code,
  );
  await reached;
  await post(`/api/chats/${chatId}/accept`, {}, asked).expect(200);
  release();

  expect(await rejection).toBe('CONFLICT');
  await post('/api/messages', { chatId, content: 'Hello' }).expect(201);
});
