/** Windows of a chat's history: next to a number, on either side of it, of any size. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';

const MESSAGES = 12;

let server: TestServer;
let alice: TestUser;
let chatId: string;
beforeAll(async () => {
  server = await startServer();
  ({ alice, chatId } = await openDirectChat(server));
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

const seqs = async (query: object): Promise<number[]> => {
  const { body } = await server.http
    .get(`/api/chats/${chatId}/messages`)
    .query(query)
    .set(alice.auth)
    .expect(200);
  return (body as { data: { seq: number }[] }).data.map(({ seq }) => seq);
};

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
});
