import type { Server as HttpServer } from 'node:http';
import { Server } from 'socket.io';
import type { Config } from '../../config/index.js';
import type { Subscription } from '../../platform/event-bus.js';
import type { Logger } from '../../platform/logger.js';
import type { Metrics } from '../../platform/metrics.js';
import type { UserRole } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { corsOptions, mayConnect } from '../http/origins.js';
import { channels } from './channels.js';
import type { ClusterEvents } from './cluster.js';
import type { AdmissionSettings } from './connection-admission.js';
import { ConnectionAdmission } from './connection-admission.js';
import { OpenConnections } from './open-connections.js';
import { PendingJoins } from './pending-joins.js';
import { SlowConsumers } from './slow-consumers.js';
import { SocketRegistry, asParleySocket } from './socket-registry.js';
import { TokenExpiry } from './token-expiry.js';

/** A message and the description of ten attachments fit; nothing larger comes over a socket. */
const MAX_FRAME_BYTES = 64 * 1024;
/** Sockets closed together when the node shuts down, and the pause between such groups (ms). */
const CLOSE_BATCH = 200;
const CLOSE_PAUSE_MS = 20;
/** How long clients have to end their side of a connection that is being closed, in milliseconds. */
const CLOSE_GRACE_MS = 2000;
/**
 * How long a connection may take to say who it is and to have its handshake, in milliseconds: more than
 * the longest wait for its turn and the longest handshake together.
 */
const CONNECT_TIMEOUT_MS = 15_000;

/** The domain events that move or close sockets. */
interface SocketHubEvents extends ClusterEvents {
  'chat.created': { chat: { id: string }; memberIds: string[] };
  'members.added': { chatId: string; userIds: string[] };
  'members.removed': { chatId: string; userIds: string[] };
  'session.revoked': { sessionId: string; userId: string };
  'sessions.revoked': { userId: string; exceptSessionId?: string | undefined };
  'user.deactivated': { userId: string };
  'user.role_changed': { userId: string; role: UserRole };
}

/**
 * The sockets of this node: the Socket.IO server, the registry of who is in which channel, and what closes
 * connections. It is made before the modules, which look up and move sockets here; {@link SocketServer}
 * takes connections once there are modules to serve them.
 */
export class SocketHub {
  readonly io: Server;
  readonly registry: SocketRegistry;
  readonly admission: ConnectionAdmission;
  readonly pendingJoins: PendingJoins;
  /** False from the moment the node begins to shut down. */
  isAccepting = true;
  readonly tokenExpiry: TokenExpiry;
  private readonly slowConsumers: SlowConsumers;
  private readonly connections: OpenConnections;

  constructor(deps: {
    httpServer: HttpServer;
    config: Pick<
      Config,
      'corsOrigins' | 'nodeEnv' | 'pingIntervalMs' | 'pingTimeoutMs' | 'websocketOnly'
    > &
      AdmissionSettings;
    clock: Clock;
    logger: Logger;
    metrics: Metrics;
  }) {
    const { httpServer, config, clock, logger, metrics } = deps;
    this.connections = new OpenConnections(httpServer);
    this.admission = new ConnectionAdmission({ config, metrics });
    this.pendingJoins = new PendingJoins(clock);
    const isWelcome = mayConnect(config);
    this.io = new Server(httpServer, {
      transports: config.websocketOnly ? ['websocket'] : ['polling', 'websocket'],
      cors: corsOptions(config),
      maxHttpBufferSize: MAX_FRAME_BYTES,
      perMessageDeflate: false,
      httpCompression: false,
      serveClient: false,
      connectTimeout: CONNECT_TIMEOUT_MS,
      pingInterval: config.pingIntervalMs,
      pingTimeout: config.pingTimeoutMs,
      allowRequest: (req, decide) => {
        if (!isWelcome(req)) {
          decide('Origin not allowed', false);
          return;
        }
        const hasRoom = this.admission.hasRoom(this.io.engine.clientsCount);
        decide(hasRoom ? null : 'Too many connections', hasRoom);
      },
    });
    this.registry = new SocketRegistry(this.io, this.pendingJoins);
    this.slowConsumers = new SlowConsumers(this.registry, logger);
    this.tokenExpiry = new TokenExpiry(clock);
  }

  /** Keeps sockets in the channels of their users' chats, and closes those whose login has ended. */
  get subscriptions(): Subscription<SocketHubEvents>[] {
    const inSockets = { phase: 'sockets', on: 'every-node' } as const;
    const moves = (direction: 'in' | 'out') => ({
      ...inSockets,
      does: `moves the sockets of the members ${direction === 'in' ? 'into' : 'out of'} the chat's channel`,
      run: ({ chatId, userIds }: { chatId: string; userIds: string[] }) => {
        for (const userId of userIds) this.registry.moveUser(userId, chatId, direction);
      },
    });
    return [
      {
        event: 'chat.created',
        ...inSockets,
        does: "moves the sockets of the members into the chat's channel",
        run: ({ chat, memberIds }) => {
          for (const userId of memberIds) this.registry.moveUser(userId, chat.id, 'in');
        },
      },
      { event: 'members.added', ...moves('in') },
      { event: 'members.removed', ...moves('out') },
      {
        event: 'session.revoked',
        ...inSockets,
        does: 'closes the sockets of the login',
        run: ({ sessionId, userId }) => {
          // By what a socket holds now: a newer token of an issuer's brings another session id.
          for (const socket of this.registry.socketsIn(channels.user(userId))) {
            if (socket.data.actor.sessionId === sessionId) socket.disconnect(true);
          }
        },
      },
      {
        event: 'sessions.revoked',
        ...inSockets,
        does: 'closes the sockets of the logins',
        run: ({ userId, exceptSessionId }) => {
          for (const socket of this.registry.socketsIn(channels.user(userId))) {
            if (socket.data.actor.sessionId !== exceptSessionId) socket.disconnect(true);
          }
        },
      },
      {
        event: 'user.deactivated',
        ...inSockets,
        does: "closes the user's sockets",
        run: ({ userId }) => {
          this.closeIn(channels.user(userId));
        },
      },
      {
        event: 'user.role_changed',
        ...inSockets,
        does: "gives the user's sockets the new role",
        run: ({ userId, role }) => {
          for (const { data } of this.registry.socketsIn(channels.user(userId))) {
            data.actor = { ...data.actor, role };
          }
        },
      },
      {
        event: 'cluster.gap',
        phase: 'state',
        on: 'every-node',
        does: 'asks anew which chats connecting users are in',
        run: () => {
          this.pendingJoins.forget();
        },
      },
    ];
  }

  /** Watches for clients that read too slowly and for tokens that end, from now on. */
  watchSockets(): void {
    const sockets = () => [...this.io.of('/').sockets.values()].map(asParleySocket);
    this.slowConsumers.watch(sockets);
    this.tokenExpiry.watch(sockets);
  }

  /**
   * Ends all connections in batches, in such a way that clients come back (to this node or another): by
   * closing the transport, because a Socket.IO disconnect would tell them to stay away.
   */
  async reconnectAll(): Promise<void> {
    const sockets = [...this.io.of('/').sockets.values()];
    for (let i = 0; i < sockets.length; i += CLOSE_BATCH) {
      for (const socket of sockets.slice(i, i + CLOSE_BATCH)) socket.conn.close();
      await new Promise((resolve) => setTimeout(resolve, CLOSE_PAUSE_MS));
    }
  }

  /** Ends all connections, also those whose other end is silent; clients reconnect to another node. */
  async close(): Promise<void> {
    this.slowConsumers.stop();
    this.tokenExpiry.stop();
    await this.reconnectAll();
    const cut = setTimeout(() => {
      this.connections.cut();
    }, CLOSE_GRACE_MS);
    try {
      await this.io.close();
    } finally {
      clearTimeout(cut);
    }
  }

  private closeIn(channel: string): void {
    for (const socket of this.registry.socketsIn(channel)) socket.disconnect(true);
  }
}
