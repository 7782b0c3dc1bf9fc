/** A TCP proxy that misbehaves on request: between the nodes and Redis, or the database. */
import { connect, createServer } from 'node:net';
import type { AddressInfo, NetConnectOpts, Server, Socket } from 'node:net';

/** How the proxy treats connections: as a wire, late, silent while staying open, or not at all. */
export type ProxyMode = 'pass' | 'delay' | 'freeze' | 'cut';

/** How late a delayed chunk is unless told, in milliseconds. */
const DELAY_MS = 300;

export class TcpProxy {
  private mode: ProxyMode = 'pass';
  private delayMs = DELAY_MS;
  private readonly sockets = new Set<Socket>();
  private readonly stranded = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private target: NetConnectOpts,
  ) {}

  /** Starts a proxy on a free port of the loopback. */
  static async start(target: NetConnectOpts): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, target);
    server.on('connection', (client) => {
      proxy.accept(client);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /**
   * Changes how the proxy behaves, for open connections too.
   *
   * @param delayMs how late a delayed chunk is, in each direction.
   */
  set(mode: ProxyMode, delayMs = DELAY_MS): void {
    this.mode = mode;
    this.delayMs = delayMs;
    if (mode === 'cut') for (const socket of this.sockets) socket.destroy();
    const isStill = mode === 'freeze';
    for (const socket of this.sockets) {
      if (isStill) socket.pause();
      else socket.resume();
    }
  }

  /** Leaves open connections as a host does that has vanished: silent for ever. New ones are not concerned. */
  strand(): void {
    for (const socket of this.sockets) {
      socket.pause();
      this.stranded.add(socket);
    }
    this.sockets.clear();
  }

  /** Leads new connections elsewhere; those that are open end. */
  retarget(target: NetConnectOpts): void {
    this.target = target;
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of [...this.sockets, ...this.stranded]) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(client: Socket): void {
    if (this.mode === 'cut') {
      client.destroy();
      return;
    }
    const upstream = connect(this.target);
    this.join(client, upstream);
    this.join(upstream, client);
  }

  private join(from: Socket, to: Socket): void {
    this.sockets.add(from);
    // What comes after a late chunk waits behind it: a network may be slow, but it keeps the order.
    const late: Buffer[] = [];
    const send = (chunk: Buffer) => {
      if (to.writable) to.write(chunk);
    };
    from.on('data', (chunk: Buffer) => {
      if (this.mode !== 'delay' && late.length === 0) {
        send(chunk);
        return;
      }
      late.push(chunk);
      setTimeout(() => {
        send(late.shift()!);
      }, this.delayMs);
    });
    // A broken connection is what this is for; the other half ends with it.
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
    if (this.mode === 'freeze') from.pause();
  }
}
