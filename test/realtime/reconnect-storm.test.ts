/** What a whole node asks the database when everybody comes back at once. */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mongo } from 'mongoose';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

/** Ids that a query names, which may be for many users at once. */
interface Named {
  $in?: { toString(): string }[];
}

/** Counts how often this process asks for something of a user. */
const watchQueries = () => {
  const find = jest.spyOn(mongo.Collection.prototype, 'find');
  const asked = (collection: string) =>
    find.mock.calls
      .filter((_, i) => (find.mock.contexts[i] as mongo.Collection).collectionName === collection)
      .map(([filter]) => filter as { userId?: Named; chatId?: Named });
  const names = (named: Named | undefined, id: string) =>
    named?.$in?.some((other) => other.toString() === id) ?? false;
  return {
    memberships: (id: string) =>
      asked('memberships').filter(({ userId, chatId }) => !chatId && names(userId, id)).length,
  };
};

describe('when everybody comes back at once', () => {
  let server: TestServer;
  let pairs: { alice: TestUser; bob: TestUser }[];
  beforeAll(async () => {
    // Its clock stands, so that one answer serves all devices however long a busy machine takes over them.
    const now = Date.now();
    server = await startServer({
      env: { HANDSHAKE_CONCURRENCY: '4' },
      clock: { now: () => now },
    });
    pairs = await Promise.all(Array.from({ length: 10 }, () => openDirectChat(server)));
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  afterAll(() => server.close());

  it('each user’s memberships are asked for once, for all devices and for those who are told', async () => {
    const users = pairs.flatMap(({ alice, bob }) => [alice, bob]);
    const queries = watchQueries();
    const devices = [...users, ...users, ...users].map((user) => TestSocket.connect(server, user));
    const sockets = await Promise.all(devices);
    // Of two who share a chat, the one who is announced later is heard by the other.
    // Which of their devices is there by then is up to the order in which they have come.
    const isHeard = (_: unknown, pair: number) =>
      sockets.some(
        (socket, i) =>
          Math.floor((i % users.length) / 2) === pair && socket.count('presence_changed') > 0,
      );
    while (!pairs.every(isHeard)) await new Promise((resolve) => setImmediate(resolve));
    expect(users.map(({ id }) => queries.memberships(id))).toEqual(users.map(() => 1));
    for (const socket of sockets) socket.close();
  });
});
