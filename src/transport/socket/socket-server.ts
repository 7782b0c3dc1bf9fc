import type { Server as HttpServer } from 'node:http';
import { Server } from 'socket.io';
import type { Config } from '../../config/index.js';
import { corsOrigin, mayConnect } from '../http/origins.js';
import type { WorkTracker } from '../../platform/work-tracker.js';
import type { Logger } from '../../platform/logger.js';
import type { Metrics } from '../../platform/metrics.js';
import { ConcurrencyLimiter } from '../../platform/concurrency-limiter.js';
import type { UserLimits } from '../../platform/user-limits.js';
import type { UserTurns } from '../../platform/user-turns.js';
import type { Actor } from '../../shared/actor.js';
import type { Authenticator } from '../../shared/authenticator.js';
import type { Clock } from '../../shared/clock.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import { AppError } from '../../shared/errors.js';
import type { AdmissionParts } from './connection-admission.js';
import { ConnectionAdmission } from './connection-admission.js';
import { PendingJoins } from './pending-joins.js';
import type { AnyCommand } from './command.js';
import { forgetHello, handshake } from './handshake.js';
import { CommandDispatcher, onDisconnect } from './dispatcher.js';
import { OpenConnections } from './open-connections.js';
import type { RawConnection } from './raw-connection.js';
import { channels } from './channels.js';
import type { ParleySocket } from './socket-data.js';
import { SlowConsumers } from './slow-consumers.js';
import { SocketRegistry, asParleySocket } from './socket-registry.js';

/** What the realtime side is built from. */
export interface SocketServerParts {
  httpServer: HttpServer;
  config: Pick<
    Config,
    | 'corsOrigins'
    | 'nodeEnv'
    | 'pingIntervalMs'
    | 'pingTimeoutMs'
    | 'requestTimeoutMs'
    | 'rateLimitEventsPerSecond'
    | 'websocketOnly'
  > &
    AdmissionParts['config'];
  logger: Logger;
  metrics: Metrics;
  intake: Pick<WorkTracker, 'admit' | 'begin'>;
  userLimits: UserLimits;
  userTurns: UserTurns;
  clock: Clock;
  /** Told every error that a command is answered with. */
  onError(error: AppError): void;
  authenticator: Authenticator;
  /** Rejects with NOT_FOUND unless the user is a member of the chat. */
  requireMember(userId: string, chatId: string): Promise<unknown>;
  /** Rejects with FORBIDDEN unless the user is an admin now. */
  requireAdmin(actor: Actor): Promise<void>;
  /** Chats whose room a user's sockets stand in. */
  chatIdsOf(userId: string): Promise<string[]>;
  /** Tells the modules about devices that come, go, and look at chats. */
  lifecycle: SocketLifecycle;
}

/** What the modules want to know of sockets. */
export interface SocketLifecycle {
  /** A device has come; `chatIds` are the chats that its user is in. */
  connected(actor: Actor, socketId: string, chatIds: string[]): Promise<void>;
  disconnected(userId: string, socketId: string): Promise<void>;
  /** The first device of the user on this node opened the chat, or the last one closed it. */
  viewed(userId: string, chatId: string, isOpen: boolean): Promise<void>;
}

/** A message and the description of ten attachments fit; nothing larger comes over a socket. */
const MAX_FRAME_BYTES = 64 * 1024;
/** Sockets closed together when the node goes down, and the pause between such groups (ms). */
const CLOSE_BATCH = 200;
const CLOSE_PAUSE_MS = 20;
/** How long clients have to end their side of a connection that is being closed, in milliseconds. */
const CLOSE_GRACE_MS = 2000;
/**
 * How long a connection may take to say who it is and to have its handshake, in milliseconds: more than
 * the longest wait for its turn and the longest handshake together.
 */
const CONNECT_TIMEOUT_MS = 15_000;
/**
 * New sockets whose coming is told at the same time. Others wait: after a network has come back, people
 * are first let in, and only then announced to each other.
 */
const ANNOUNCED_AT_A_TIME = 8;

/** The Socket.IO side of a node. */
export class SocketServer {
  readonly io: Server;
  readonly directory: SocketRegistry;
  private readonly slowConsumers: SlowConsumers;
  private readonly admission: ConnectionAdmission;
  private readonly arrivals: PendingJoins;
  private readonly announcing: ConcurrencyLimiter;
  private readonly connections: OpenConnections;
  private isAccepting = true;

  constructor(private readonly parts: SocketServerParts) {
    const { config } = parts;
    this.connections = new OpenConnections(parts.httpServer);
    this.admission = new ConnectionAdmission(parts);
    this.announcing = new ConcurrencyLimiter({
      concurrency: ANNOUNCED_AT_A_TIME,
      maxWaiting: config.maxConnections || Infinity,
      refusal: () => new AppError('OVERLOADED', 'Too many arrivals'),
    });
    this.arrivals = new PendingJoins((userId) => parts.chatIdsOf(userId), parts.clock);
    const isWelcome = mayConnect(config);
    this.io = new Server(parts.httpServer, {
      transports: config.websocketOnly ? ['websocket'] : ['polling', 'websocket'],
      cors: { origin: corsOrigin(config) },
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
    this.directory = new SocketRegistry(this.io, this.arrivals);
    this.slowConsumers = new SlowConsumers(this.directory, parts.logger);
  }

  /** Starts to take connections, which may send these commands. */
  listen(commands: AnyCommand[]): void {
    const { authenticator, config, intake, logger, metrics, userLimits, userTurns } = this.parts;
    const dispatcher = new CommandDispatcher({
      commands,
      directory: this.directory,
      logger,
      metrics,
      intake,
      userLimits,
      userTurns,
      timeoutMs: config.requestTimeoutMs,
      onError: (error) => {
        this.parts.onError(error);
      },
      requireMember: (userId, chatId) => this.parts.requireMember(userId, chatId),
      requireAdmin: (actor) => this.parts.requireAdmin(actor),
      eventsPerSecond: config.rateLimitEventsPerSecond,
      onView: (socket, chatId, isOpen) => {
        this.noteView(socket, chatId, isOpen);
      },
    });
    this.io.engine.on('connection', (connection: RawConnection) => {
      this.admission.meet(connection);
    });
    const greet = handshake({
      authenticator,
      admission: this.admission,
      arrivals: this.arrivals,
      isAccepting: () => this.isAccepting,
      onFailure: (error) => {
        metrics.unhandledErrors.inc();
        logger.error({ err: error }, 'a handshake failed');
      },
    });
    this.io.use((socket, next) => {
      void greet(asParleySocket(socket), next);
    });
    this.io.on('connection', (socket) => {
      this.accept(asParleySocket(socket), dispatcher);
    });
    this.slowConsumers.watch(() => [...this.io.of('/').sockets.values()].map(asParleySocket));
  }

  /** Ends all connections of a login, or of a user. */
  closeWhere(room: string): void {
    for (const socket of this.directory.socketsIn(room)) socket.disconnect(true);
  }

  /** What moved users into or out of chats may have gone unheard: who comes from now on is looked up. */
  forgetArrivals(): void {
    this.arrivals.forget();
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

  /** Refuses new connections from now on. */
  stopAccepting(): void {
    this.isAccepting = false;
  }

  /** Ends all connections, also those whose other end is silent; clients reconnect to another node. */
  async close(): Promise<void> {
    this.slowConsumers.stop();
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

  private accept(socket: ParleySocket, dispatcher: CommandDispatcher): void {
    const { actor, arrival } = socket.data;
    this.directory.add(socket);
    this.directory.join(socket, [
      channels.everyone(),
      channels.arriving(),
      channels.user(actor.userId),
      channels.session(actor.sessionId),
      ...arrival!.chatIds().map(channels.chat),
    ]);
    arrival!.end();
    socket.data.arrival = undefined;
    this.parts.metrics.connections.inc();
    dispatcher.attach(socket);
    forgetHello(socket);
    this.announce(socket);
    onDisconnect(socket, () => {
      this.parts.metrics.connections.dec();
      this.directory.remove(socket);
      for (const chatId of socket.data.openChats) this.noteView(socket, chatId, false);
      socket.data.openChats.clear();
      this.own(this.parts.lifecycle.disconnected(actor.userId, socket.id));
    });
  }

  /** Tells the modules of a new socket in its turn, unless it has gone by then. */
  private announce(socket: ParleySocket): void {
    const turn = this.announcing.run(async () => {
      if (!socket.connected) return;
      const chatIds = this.directory.chatsOf(socket);
      // What is lost without an answer must not keep its place from those who wait.
      await withDeadline(
        this.parts.lifecycle.connected(socket.data.actor, socket.id, chatIds),
        QUEUE_STEP_MS,
      );
    });
    this.own(turn);
  }

  private noteView(socket: ParleySocket, chatId: string, isOpen: boolean): void {
    const { userId } = socket.data.actor;
    const others = this.directory
      .socketsIn(channels.user(userId))
      .filter((other) => other.id !== socket.id && other.data.openChats.has(chatId));
    if (others.length === 0) this.own(this.parts.lifecycle.viewed(userId, chatId, isOpen));
  }

  private own(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.parts.logger.warn({ err: error }, 'presence was not updated');
    });
  }
}
