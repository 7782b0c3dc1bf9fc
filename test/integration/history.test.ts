/** Windows of a chat's history: next to a number, on either side of it, of any size. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';

const MESSAGES = 12;

let server: TestServer;
let alice: TestUser;
let bob: TestUser;
let chatId: string;
beforeAll(async () => {
  server = await startServer();
  ({ alice, bob, chatId } = await openDirectChat(server));
  for (let n = 1; n <= MESSAGES; n += 1) {
    await server.http
      .post('/api/messages')
      .set(alice.auth)
      .send({ chatId, content: `number ${n}` })
      .expect(201);
  }
});
afterAll(async () => {
  await server.close();
});

interface History {
  data: { id: string; seq: number }[];
  pagination: { total: number; hasMore: boolean };
}
const read = async (query: object, user = alice): Promise<History> => {
  const { body } = await server.http
    .get(`/api/chats/${chatId}/messages`)
    .query(query)
    .set(user.auth)
    .expect(200);
  return body as History;
};
const seqs = async (query: object): Promise<number[]> =>
  (await read(query)).data.map(({ seq }) => seq);

describe('a window of history', () => {
  it.each([
    [{ around: 6, limit: 1 }, [6]],
    [{ around: 6, limit: 2 }, [5, 6]],
    [{ around: 6, limit: 5 }, [4, 5, 6, 7, 8]],
    [{ around: 1, limit: 4 }, [1, 2]],
    [{ around: 1000, limit: 1 }, []],
    [{ around: 1000, limit: 4 }, [11, 12]],
    [{ before: 6, limit: 1 }, [5]],
    [{ before: 1, limit: 5 }, []],
    [{ after: 6, limit: 1 }, [7]],
    [{ after: 12, limit: 5 }, []],
    [{ page: 3, limit: 5 }, [1, 2]],
    [{ page: 12, limit: 1 }, [1]],
  ])('%j holds %j', async (query, expected) => {
    expect(await seqs(query)).toEqual(expected);
  });

  it.each([
    [{ limit: 5 }, true],
    [{ limit: 12 }, false],
    [{ page: 3, limit: 5 }, false],
    [{ before: 6, limit: 4 }, true],
    [{ before: 6, limit: 5 }, false],
    [{ before: 1, limit: 5 }, false],
    [{ after: 6, limit: 5 }, true],
    [{ after: 6, limit: 6 }, false],
    [{ after: 12, limit: 5 }, false],
    [{ around: 6, limit: 4 }, true],
    [{ around: 6, limit: 24 }, false],
    [{ around: 12, limit: 4 }, true],
    [{ around: 1000, limit: 1 }, true],
  ])('%j says of more: %j', async (query, hasMore) => {
    const { pagination } = await read(query);
    expect(pagination).toMatchObject({ total: MESSAGES, hasMore });
  });

  it('does not take for more what the reader has deleted', async () => {
    const { data } = await read({ limit: MESSAGES }, bob);
    for (const seq of [1, 7]) {
      await server.http
        .delete(`/api/messages/${data[seq - 1]!.id}?deleteForEveryone=false`)
        .set(bob.auth)
        .expect(200);
    }
    for (const [query, hasMore] of [
      [{ before: 6, limit: 4 }, false],
      [{ before: 9, limit: 2 }, true],
      [{ after: 5, limit: 6 }, false],
    ] as const) {
      const { pagination } = await read(query, bob);
      expect([query, pagination]).toMatchObject([query, { total: MESSAGES - 2, hasMore }]);
    }
  });
});
