/** Sends inputs over sockets and says what was wrong with what came back. */
import type { TestServer, TestUser } from '../support/server.js';
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import type { Judge } from './judge.js';
import { RawWebSocket } from './raw-websocket.js';
import type { CommandInput, FramesInput, HandshakeInput } from './socket-inputs.js';

/** Longer than any command may take, and than a busy machine makes it. */
const ANSWER_MS = 30_000;

type Server = Pick<TestServer, 'url'>;

class ConnectionEnded extends Error {}

/** A longer frame, and the number in front of it, may end its connection: with it all commands under way there. */
const LONG_FRAME = 64 * 1024 - 100;

const isLong = ({ event, args }: CommandInput): boolean =>
  Buffer.byteLength(JSON.stringify([event, ...args])) > LONG_FRAME;

/** One connection per caller and dialect, which all commands share but those that may end it. */
export class SocketCaller {
  private readonly sockets = new Map<string, Promise<Socket>>();

  constructor(
    private readonly server: Server,
    private readonly judge: Judge,
  ) {}

  /** Sends a command and judges its answer. */
  async command(input: CommandInput): Promise<string[]> {
    const mayEnd = isLong(input);
    const socket = await this.socketOf(input.caller, input.dialect, mayEnd);
    if (input.isEchoed) socket.emit(input.event, ...input.args);
    const outcome = await new Promise<{ ack: unknown } | string>((resolve) => {
      const gone = (reason: string) => {
        resolve(mayEnd ? '' : `the connection was closed: ${reason}`);
      };
      socket.once('disconnect', gone);
      socket
        .timeout(ANSWER_MS)
        .emit(input.event, ...input.args, (late: Error | null, ack: unknown) => {
          socket.off('disconnect', gone);
          resolve(late ? `no answer within ${ANSWER_MS} ms` : { ack });
        });
    });
    if (outcome === '') return [];
    return typeof outcome === 'string' ? [outcome] : this.judge.ack(outcome.ack);
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const sockets = await Promise.all(this.sockets.values());
    this.sockets.clear();
    for (const socket of sockets) socket.disconnect();
  }

  private async socketOf(
    caller: TestUser,
    dialect: string | undefined,
    mayEnd: boolean,
  ): Promise<Socket> {
    const key = `${caller.id} ${dialect} ${mayEnd}`;
    const known = await this.sockets.get(key);
    if (known?.connected) return known;
    const opened = connect(this.server, { token: caller.token, ...(dialect && { dialect }) });
    this.sockets.set(key, opened);
    const socket = await opened;
    // A refusal is told to those who ask for no answer, too.
    socket.on('error', (body: unknown) => {
      this.judge.event(body);
    });
    return socket;
  }
}

/** Connects, or rejects with the server's refusal. */
const connect = (server: Server, auth: Record<string, unknown>): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = io(server.url, {
      auth,
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      timeout: ANSWER_MS,
    });
    socket.once('connect', () => {
      resolve(socket);
    });
    socket.once('connect_error', (error) => {
      socket.disconnect();
      reject(error);
    });
    // What is not even a packet of the protocol is not answered: the connection ends.
    socket.io.once('close', () => {
      reject(new ConnectionEnded('the connection was closed without a word'));
    });
  });

/** Connects with whatever a client says of itself, and judges the refusal. */
export const tryHandshake = async (
  server: Server,
  { auth }: HandshakeInput,
  judge: Judge,
): Promise<string[]> => {
  try {
    (await connect(server, auth)).disconnect();
    return [];
  } catch (error) {
    if (error instanceof ConnectionEnded) return [];
    const { data } = error as { data?: unknown };
    return data === undefined
      ? [`no handshake: ${String(error)}`]
      : judge.ack({ ok: false, error: data });
  }
};

const PROBE = '421000000["no_such_event"]';
const isProbeAnswer = (message: string) => message.startsWith('431000000[');

/** Sends frames on a connection of their own, and judges what the server says to them. */
export const sendFrames = async (
  server: Server,
  input: FramesInput,
  judge: Judge,
): Promise<string[]> => {
  const connection = await RawWebSocket.open(server.url);
  const problems: string[] = [];
  const answered = async (what: string, fits: (message: string) => boolean) => {
    if (!(await connection.until(fits, ANSWER_MS))) problems.push(`no answer to ${what}`);
  };
  try {
    if (input.isConnected) {
      connection.say(`40${JSON.stringify({ token: input.caller.token })}`);
      await answered('the handshake', (message) => /^4[04]/.test(message));
    }
    for (const bytes of input.frames) connection.write(bytes);
    if (input.isWellFramed && input.isConnected) {
      connection.say(PROBE);
      await answered('a command after the packets', isProbeAnswer);
    } else if (input.isWellFramed) {
      // Who has not said who they are is told so, or not at all; a ping is answered in any case.
      connection.say(`40${JSON.stringify({ token: input.caller.token })}`);
      await answered('the handshake after the packets', (message) => /^4[04]/.test(message));
    }
    problems.push(...connection.heard.flatMap((message) => judge.packet(message)));
  } finally {
    connection.close();
  }
  return problems;
};
