import type { Config } from '../../config/index.js';
import { ConcurrencyLimiter } from '../../platform/concurrency-limiter.js';
import type { Logger } from '../../platform/logger.js';
import type { Metrics } from '../../platform/metrics.js';
import type { UserLimits } from '../../platform/user-limits.js';
import type { UserTurns } from '../../platform/user-turns.js';
import type { WorkTracker } from '../../platform/work-tracker.js';
import type { Actor } from '../../shared/actor.js';
import type { TokenGrants } from '../../shared/authenticator.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import { AppError } from '../../shared/errors.js';
import type { ExternalIdLookup } from '../../shared/external-ids.js';
import { channels } from './channels.js';
import type { AnyCommand } from './command.js';
import { CommandDispatcher, onDisconnect } from './dispatcher.js';
import { forgetHello, handshake } from './handshake.js';
import { gatherFrames } from './frame-gathering.js';
import type { RawConnection } from './raw-connection.js';
import type { ParleySocket } from './socket-data.js';
import type { SocketHub } from './socket-hub.js';
import { asParleySocket } from './socket-registry.js';

/** The use cases that connections need, whatever they send. */
export interface SocketServerDeps {
  hub: SocketHub;
  /** What clients may send. */
  commands: AnyCommand[];
  config: Pick<Config, 'maxConnections' | 'rateLimitEventsPerSecond' | 'requestTimeoutMs'>;
  logger: Logger;
  metrics: Metrics;
  work: Pick<WorkTracker, 'admit' | 'begin'>;
  userLimits: UserLimits;
  userTurns: UserTurns;
  externalIdLookup: ExternalIdLookup;
  authenticator: TokenGrants;
  /** Receives every error that a command is answered with. */
  onError(error: AppError): void;
  /** Rejects with NOT_FOUND unless the user is a member of the chat. */
  requireMember(userId: string, chatId: string): Promise<unknown>;
  /** Rejects with FORBIDDEN unless the database says that the actor is an admin now. */
  requireAdmin(actor: Actor): Promise<void>;
  /** The chats whose channels a user's sockets join. */
  chatIdsOf(userId: string): Promise<string[]>;
  /** Called once when a device has connected; `chatIds` are the chats that its user is in. */
  connected(actor: Actor, socketId: string, chatIds: string[]): Promise<void>;
  disconnected(userId: string, socketId: string): Promise<void>;
  /** Called when the first device of a user on this node opens a chat, and when the last one closes it. */
  viewed(userId: string, chatId: string, isOpen: boolean): Promise<void>;
}

/**
 * Connections that are announced to the modules at the same time. Others wait: after a network has come
 * back, people are first connected, and only then announced to each other.
 */
const ANNOUNCED_AT_A_TIME = 8;

/** Takes connections: handshake and commands; notifies the modules of connections that come and go. */
export class SocketServer {
  private readonly announcing: ConcurrencyLimiter;

  constructor(private readonly deps: SocketServerDeps) {
    this.announcing = new ConcurrencyLimiter({
      concurrency: ANNOUNCED_AT_A_TIME,
      maxWaiting: deps.config.maxConnections || Infinity,
      refusal: () => new AppError('OVERLOADED', 'Too many arrivals'),
    });
  }

  /** Begins to take connections. */
  start(): void {
    const { hub, commands, config, logger, metrics } = this.deps;
    const { authenticator, userLimits, userTurns, work } = this.deps;
    const dispatcher = new CommandDispatcher({
      commands,
      registry: hub.registry,
      logger,
      metrics,
      work,
      userLimits,
      userTurns,
      externalIdLookup: this.deps.externalIdLookup,
      timeoutMs: config.requestTimeoutMs,
      onError: (error) => {
        this.deps.onError(error);
      },
      requireMember: (userId, chatId) => this.deps.requireMember(userId, chatId),
      requireAdmin: (actor) => this.deps.requireAdmin(actor),
      eventsPerSecond: config.rateLimitEventsPerSecond,
      requireToken: (socket) => {
        hub.tokenExpiry.check(socket);
      },
      renewToken: (socket, token) => hub.tokenExpiry.renew(socket, token, authenticator),
      onView: (socket, chatId, isOpen) => {
        this.reportView(socket, chatId, isOpen);
      },
    });
    hub.io.engine.on('connection', (connection: RawConnection) => {
      gatherFrames(connection);
      hub.admission.meet(connection);
    });
    const greet = handshake({
      authenticator,
      admission: hub.admission,
      pendingJoins: hub.pendingJoins,
      chatIdsOf: (userId) => this.deps.chatIdsOf(userId),
      isAccepting: () => hub.isAccepting,
      onFailure: (error) => {
        metrics.unhandledErrors.inc();
        logger.error({ err: error }, 'a handshake failed');
      },
    });
    hub.io.use((socket, next) => {
      void greet(asParleySocket(socket), next);
    });
    hub.io.on('connection', (socket) => {
      this.accept(asParleySocket(socket), dispatcher);
    });
    hub.watchSockets();
  }

  private accept(socket: ParleySocket, dispatcher: CommandDispatcher): void {
    const { registry } = this.deps.hub;
    const { actor, arrival } = socket.data;
    registry.add(socket);
    registry.join(socket, [
      channels.everyone(),
      channels.arriving(),
      channels.user(actor.userId),
      channels.session(actor.sessionId),
      ...arrival!.chatIds().map(channels.chat),
    ]);
    arrival!.end();
    socket.data.arrival = undefined;
    this.deps.metrics.connections.inc();
    dispatcher.attach(socket);
    forgetHello(socket);
    this.announce(socket);
    onDisconnect(socket, () => {
      this.deps.metrics.connections.dec();
      registry.remove(socket);
      for (const chatId of socket.data.openChats) this.reportView(socket, chatId, false);
      socket.data.openChats.clear();
      this.own(this.deps.disconnected(actor.userId, socket.id));
    });
  }

  /** Tells the modules of a new socket in its turn, unless it has gone by then. */
  private announce(socket: ParleySocket): void {
    const turn = this.announcing.run(async () => {
      if (!socket.connected) return;
      const chatIds = this.deps.hub.registry.chatsOf(socket);
      // A call that is lost without an answer must not keep the turn from those who wait.
      await withDeadline(this.deps.connected(socket.data.actor, socket.id, chatIds), QUEUE_STEP_MS);
    });
    this.own(turn);
  }

  private reportView(socket: ParleySocket, chatId: string, isOpen: boolean): void {
    const { userId } = socket.data.actor;
    const others = this.deps.hub.registry
      .socketsIn(channels.user(userId))
      .filter((other) => other.id !== socket.id && other.data.openChats.has(chatId));
    if (others.length === 0) this.own(this.deps.viewed(userId, chatId, isOpen));
  }

  private own(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.deps.logger.warn({ err: error }, 'presence was not updated');
    });
  }
}
