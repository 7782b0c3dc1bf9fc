import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import type { ServerProcess } from './server-process.js';

/** A connected client that can send into one room and hear it. */
export interface Peer {
  /** Sends a text; resolves when the server has acknowledged it, rejects when it refuses. */
  send(content: string): Promise<void>;
  /** Calls back with the text of every message that arrives. */
  onMessage(listener: (content: string) => void): void;
  close(): void;
}

/** One side of a comparison. */
export interface Target {
  name: string;
  server: ServerProcess;
  /** `count` pairs of clients, each pair in a room of its own. */
  pairs(count: number): Promise<[Peer, Peer][]>;
  /** `size` clients in one room. */
  room(size: number): Promise<Peer[]>;
  /** Makes `count` clients known without connecting them; each call connects and joins them all. */
  crowd(count: number): Promise<() => Promise<Peer[]>>;
  stop(): Promise<void>;
}

/** A server's refusal of a command, with its code. */
export class Refusal extends Error {
  constructor(
    event: string,
    readonly code: string,
  ) {
    super(`${event}: ${code}`);
  }
}

const CONNECT_TIMEOUT_MS = 20_000;
/** A command without an answer for this long is an error, in milliseconds. */
export const ACK_TIMEOUT_MS = 20_000;

/** Connects a client over a websocket alone; one that is told to come back later does. */
export const connect = (url: string, auth: Record<string, string> = {}): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = io(url, {
      auth,
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      timeout: CONNECT_TIMEOUT_MS,
    });
    socket.once('connect', () => {
      resolve(socket);
    });
    socket.on('connect_error', (error: Error & { data?: { retryAfter?: number } }) => {
      const { retryAfter } = error.data ?? {};
      if (retryAfter === undefined) reject(error);
      else setTimeout(() => socket.connect(), retryAfter * 1000);
    });
  });

/** Does the work for every item, at most `width` at a time, and keeps the order. */
export const inParallel = async <T, R>(
  items: T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
};
