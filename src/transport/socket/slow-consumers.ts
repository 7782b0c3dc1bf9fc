import type { Logger } from '../../platform/logger.js';
import { channels } from './channels.js';
import type { ParleySocket } from './socket-data.js';
import type { SocketRegistry } from './socket-registry.js';

/** How often connections are looked at, in milliseconds. */
const INTERVAL_MS = 1000;
/** Packets that wait for a client from which on it is spared typing and presence. */
const SLOW_PACKETS = 100;
/** Packets, and bytes, from which on a client is cut off: it reconnects and syncs. */
const STALLED_PACKETS = 1000;
const STALLED_BYTES = 4 * 1024 * 1024;

/**
 * Keeps clients that read too slowly from filling the memory. Socket.IO's own `volatile` is no help: it
 * drops an event whenever another one was sent a moment before.
 */
export class SlowConsumers {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly registry: Pick<SocketRegistry, 'join' | 'leave' | 'isIn'>,
    private readonly logger: Logger,
  ) {}

  /** Looks at the sockets every second from now on. */
  watch(sockets: () => Iterable<ParleySocket>): void {
    this.timer = setInterval(() => {
      for (const socket of sockets()) this.inspect(socket);
    }, INTERVAL_MS);
    this.timer.unref();
  }

  /** Ends watching. */
  stop(): void {
    clearInterval(this.timer);
  }

  /** Spares a socket, cuts it off, or finds it well again. */
  inspect(socket: ParleySocket): void {
    const waiting = socket.conn['writeBuffer'];
    if (waiting.length > STALLED_PACKETS || bytesIn(waiting) > STALLED_BYTES) {
      this.logger.warn({ socketId: socket.id }, 'a client that does not read was cut off');
      socket.conn.close(true);
    } else if (waiting.length > SLOW_PACKETS) {
      this.registry.join(socket, channels.slow());
    } else if (this.registry.isIn(socket, channels.slow())) {
      this.registry.leave(socket, channels.slow());
    }
  }
}

/** Size of what waits; packets that are no text are acks and pings without weight. */
const bytesIn = (packets: { data: unknown }[]): number =>
  packets.reduce((sum, { data }) => sum + (typeof data === 'string' ? data.length : 0), 0);
