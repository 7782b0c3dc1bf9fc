import type { Socket } from 'socket.io-client';
import { startServerProcess } from './server-process.js';
import { ACK_TIMEOUT_MS, connect, inParallel } from './target.js';
import type { Peer, Target } from './target.js';

const peer = (socket: Socket, room: string): Peer => ({
  send: async (content) => {
    await socket.timeout(ACK_TIMEOUT_MS).emitWithAck('send', { room, content });
  },
  onMessage: (listener) => {
    socket.on('message', (message: { content: string }) => {
      listener(message.content);
    });
  },
  close: () => {
    socket.disconnect();
  },
});

/** Starts the bare relay. */
export const startRelay = async (): Promise<Target> => {
  const server = await startServerProcess(['scripts/bench/relay-server.mjs']);
  const join = async (room: string): Promise<Peer> => {
    const socket = await connect(server.url);
    await socket.timeout(ACK_TIMEOUT_MS).emitWithAck('join', room);
    return peer(socket, room);
  };
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
  return {
    name: 'relay',
    server,
    pairs: (count) =>
      inParallel(numbers(count), 20, async (n) => [await join(`${n}`), await join(`${n}`)]),
    room: (size) => inParallel(numbers(size), 50, () => join('room')),
    crowd: (count) =>
      Promise.resolve(() => Promise.all(numbers(count).map((n) => join(`${Math.floor(n / 2)}`)))),
    stop: () => server.stop(),
  };
};
