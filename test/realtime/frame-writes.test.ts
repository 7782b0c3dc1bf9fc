/** How many writes the frames of a connection take: a figure that no other load on the machine changes. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { audiences } from '../../src/shared/audience.js';
import { OperationCounter } from '../support/operation-counts.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

const FRAMES = 40;

const countsHeard = (socket: TestSocket): unknown[] =>
  socket.heard.flatMap(({ event, payload }) =>
    event === 'viewers_changed' ? [payload.count] : [],
  );

describe('the writes to a socket', () => {
  let server: TestServer;
  let alice: TestUser;
  let chatId: string;
  let counter: OperationCounter;
  beforeAll(async () => {
    // Nothing else is to be written while the frames are.
    server = await startServer({
      env: { PING_INTERVAL_MS: '600000', PING_TIMEOUT_MS: '600000' },
    });
    ({ alice, chatId } = await openDirectChat(server));
    counter = await OperationCounter.watch([server]);
  });
  afterAll(async () => {
    counter.close();
    await server.close();
  });

  const emit = (count: number): void => {
    server.app.bus.emit(
      'viewers.changed',
      { chatId, count, audience: audiences.users([alice.id]) },
      { scope: 'node' },
    );
  };

  it('what is said in one turn leaves in one write, in order', async () => {
    const socket = await TestSocket.connect(server, alice);
    await socket.command('no_such_event');
    const { socketWrites } = await counter.count(async () => {
      for (let n = 0; n < FRAMES; n++) emit(n);
      await socket.next('viewers_changed', ({ count }) => count === FRAMES - 1);
    });
    expect(socketWrites).toBe(1);
    expect(countsHeard(socket)).toEqual(Array.from({ length: FRAMES }, (_, n) => n));
    socket.close();
  });

  it('what is said right before a connection is closed still arrives', async () => {
    const socket = await TestSocket.connect(server, alice);
    await socket.command('no_such_event');
    emit(1);
    emit(2);
    server.app.sockets.io.local.in(socket.raw.id!).disconnectSockets(true);
    await socket.closed();
    expect(countsHeard(socket)).toEqual([1, 2]);
  });
});
