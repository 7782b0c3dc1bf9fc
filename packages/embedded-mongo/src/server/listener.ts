import fs from 'node:fs';
import net from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Connection } from './connection.js';
import type { Log } from './embedded-server.js';
import type { RequestMessage } from './message-frame.js';

/** Answers a message of one connection with the reply document. */
export type MessageHandler = (connectionId: number, message: RequestMessage) => Promise<Buffer>;

/** How the folders of our sockets begin. */
export const SOCKET_FOLDER_PREFIX = 'parley-db-';

/** The socket's name in its folder. */
export const SOCKET_FILE = 'db.sock';

/**
 * The socket on which drivers connect: a unix socket in a folder that only this user can enter, or a
 * loopback port on Windows. A unix socket's path may have little more than a hundred bytes.
 */
export class Listener {
  private readonly connections = new Map<Socket, Connection>();
  private lastConnectionId = 0;

  private constructor(
    private readonly server: Server,
    /** The folder of the socket; none on Windows. */
    readonly folder: string | undefined,
    /** The connection string, without a database. */
    readonly uri: string,
  ) {}

  /** Starts to listen. */
  static async open(handle: MessageHandler, log: Log): Promise<Listener> {
    const server = net.createServer();
    const folder =
      process.platform === 'win32'
        ? undefined
        : fs.mkdtempSync(path.join(socketRoot(), SOCKET_FOLDER_PREFIX));
    const socketPath = folder === undefined ? undefined : path.join(folder, SOCKET_FILE);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      if (socketPath === undefined) server.listen(0, '127.0.0.1', resolve);
      else server.listen(socketPath, resolve);
    });
    const host =
      socketPath === undefined
        ? `127.0.0.1:${String((server.address() as AddressInfo).port)}`
        : encodeURIComponent(socketPath);
    const listener = new Listener(server, folder, `mongodb://${host}/parley`);
    server.on('connection', (socket) => {
      listener.accept(socket, handle, log);
    });
    return listener;
  }

  /** How many clients are connected. */
  get connectionCount(): number {
    return this.connections.size;
  }

  /** Hangs up on everyone and removes the socket. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const connection of this.connections.values()) connection.close();
    await closed;
    if (this.folder !== undefined) fs.rmSync(this.folder, { recursive: true, force: true });
  }

  private accept(socket: Socket, handle: MessageHandler, log: Log): void {
    const id = ++this.lastConnectionId;
    const connection = new Connection(
      socket,
      (message) => handle(id, message),
      (reason) => {
        log('warn', `Connection ${String(id)} broke the protocol: ${reason}`);
      },
    );
    this.connections.set(socket, connection);
    socket.on('close', () => {
      this.connections.delete(socket);
    });
  }
}

/** The temporary folder, unless its path is too long for a socket in it. */
function socketRoot(): string {
  const root = os.tmpdir();
  return root.length > 60 ? '/tmp' : root;
}
