import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { checkAck, checkEvent, checkRefusal } from './protocol-contract.js';
import type { TestServer, TestUser } from './server.js';

/** How long an answer or an event may take before it is taken for lost: far more than on any busy machine. */
const WAIT_MS = 30_000;

/** The answer to a command. */
export interface Ack<T = Record<string, unknown>> {
  ok: boolean;
  data: T;
  error: { code: string; message: string; retryAfter?: number; errors?: { path: string }[] };
}

/** A connected client that remembers every event it hears, in order, and holds each against the protocol. */
export class TestSocket {
  readonly heard: { event: string; payload: Record<string, unknown> }[] = [];
  private readonly waiters = new Set<() => void>();

  private constructor(
    readonly raw: Socket,
    /** What the handshake has declared. */
    private dialect: string | undefined,
  ) {
    raw.onAny((event: string, payload: Record<string, unknown>) => {
      checkEvent(event, payload, this.dialect);
      this.heard.push({ event, payload });
      for (const waiter of this.waiters) waiter();
    });
  }

  /** Connects as a user; rejects with the server's error when refused. */
  static async connect(
    server: Pick<TestServer, 'url'>,
    user: Pick<TestUser, 'token'> | { token?: string },
    auth: Record<string, unknown> = {},
  ): Promise<TestSocket> {
    const raw = io(server.url, {
      auth: { token: user.token, ...auth },
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
    });
    const declared = typeof auth.dialect === 'string' ? auth.dialect : undefined;
    const socket = new TestSocket(raw, declared);
    await new Promise<void>((resolve, reject) => {
      raw.once('connect', resolve);
      raw.once('connect_error', (error) => {
        checkRefusal(error);
        reject(error);
      });
    });
    return socket;
  }

  /** Sends a command and waits for its ack. */
  async command<T = Record<string, unknown>>(event: string, payload?: unknown): Promise<Ack<T>> {
    // From here on the device may hear others.
    if (event === 'set_dialect') this.dialect = undefined;
    const ack = (await this.raw.timeout(WAIT_MS).emitWithAck(event, payload)) as Ack<T>;
    checkAck(event, ack);
    return ack;
  }

  /** The first event of a name, heard already or to come, whose payload fits. */
  async next(
    event: string,
    fits: (payload: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>> {
    const find = () => this.heard.find((entry) => entry.event === event && fits(entry.payload));
    const known = find();
    if (known) return known.payload;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiters.delete(look);
        const names = this.heard.map((entry) => entry.event).join(', ');
        reject(new Error(`no ${event} within ${WAIT_MS} ms; heard: ${names || 'nothing'}`));
      }, WAIT_MS);
      const look = () => {
        const found = find();
        if (!found) return;
        clearTimeout(timer);
        this.waiters.delete(look);
        resolve(found.payload);
      };
      this.waiters.add(look);
    });
  }

  /** How often an event of a name was heard so far. */
  count(event: string): number {
    return this.heard.filter((entry) => entry.event === event).length;
  }

  /** Forgets what was heard. */
  clear(): void {
    this.heard.length = 0;
  }

  /** Resolves when the connection has ended, for whatever reason. */
  async closed(): Promise<void> {
    if (!this.raw.connected) return;
    await new Promise((resolve) => this.raw.once('disconnect', resolve));
  }

  /** Ends the connection. */
  close(): void {
    this.raw.disconnect();
  }
}

/**
 * Resolves when everything that the server had sent to these sockets before now has arrived: a frame
 * that is refused is answered in order, behind what was sent earlier. Lets a test say "nothing came".
 */
export const settled = async (...sockets: TestSocket[]): Promise<void> => {
  await Promise.all(sockets.map((socket) => socket.command('no_such_event')));
};
