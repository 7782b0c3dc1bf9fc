/**
 * A node that dies at the worst moments of a send: the sender's retry on another node gets the one
 * message there is, and everybody else has it from the log.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FaultPoint } from './chaos-cluster.js';
import { ChaosCluster } from './chaos-cluster.js';
import { ChaosClient } from './chaos-client.js';
import { api, register } from './chaos-people.js';
import type { LoggedMessage } from './history-checker.js';
import { Random } from '../support/random.js';

describe('a node that is killed', () => {
  let cluster: ChaosCluster;
  beforeAll(async () => {
    cluster = await ChaosCluster.start(2, process.env.MONGODB_URI || undefined);
  }, 300_000);
  afterAll(() => cluster.stop());

  it.each<[string, FaultPoint]>([
    ['before the write', 'beforeWrite'],
    ['after the write, before anybody is told', 'afterWriteBeforePublish'],
    ['after others were told, before the sender is', 'afterPublishBeforeAck'],
  ])(
    '%s leaves exactly one message',
    async (_, point) => {
      const [first, second] = cluster.addresses() as [string, string];
      const [a, b] = [await register(first, `a_${point}`), await register(first, `b_${point}`)];
      const { id: chatId } = await api<{ id: string }>(first, '/api/chats/or-create', a.token, {
        recipientId: b.id,
      });
      await api(first, `/api/chats/${chatId}/accept`, b.token, {});
      const homes = [first];
      const [sender, peer] = [a, b].map(
        ({ token }, i) =>
          new ChaosClient(
            String(i),
            token,
            [chatId],
            () => (i === 0 ? homes : [second]),
            new Random(i),
          ),
      ) as [ChaosClient, ChaosClient];
      sender.connect();
      peer.connect();

      const crash = cluster.crashAt(0, point);
      sender.send({ clientMessageId: point, chatId, content: 'once' });
      await crash;
      homes[0] = second;
      await sender.allAcknowledged();
      await peer.catchUpAll();
      const log = await api<LoggedMessage[]>(second, `/api/chats/${chatId}/messages`, b.token);
      expect(log).toMatchObject([{ clientMessageId: point, seq: 1, content: 'once' }]);
      const { id } = log[0]!;
      expect(sender.sends).toMatchObject([{ acknowledged: { seq: 1, id } }]);
      expect([...peer.chats.get(chatId)!.values()]).toMatchObject([{ id, content: 'once' }]);
      sender.stop();
      peer.stop();
      await cluster.startNode(0);
    },
    240_000,
  );
});
