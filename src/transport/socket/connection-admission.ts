import type { IncomingMessage } from 'node:http';
import type { Config } from '../../config/index.js';
import { clientAddress } from '../http/client-address.js';
import type { Metrics } from '../../platform/metrics.js';
import { ConcurrencyLimiter } from '../../platform/concurrency-limiter.js';
import { withDeadline } from '../../shared/deadline.js';
import { AppError } from '../../shared/errors.js';
import { jittered } from '../../shared/jitter.js';
import { ConnectionLimits } from './connection-limits.js';
import type { RawConnection } from './raw-connection.js';
import { isOpen, whenClosed } from './raw-connection.js';

/** The settings that bound connections. */
export type AdmissionSettings = Pick<
  Config,
  | 'connectionsPerAddress'
  | 'connectionsPerUser'
  | 'handshakeConcurrency'
  | 'handshakeQueue'
  | 'maxConnections'
  | 'requestTimeoutMs'
  | 'trustProxy'
>;

/** Why a connection was refused, for the metrics. */
type Reason = 'process' | 'address' | 'user' | 'queue';

/** How long a handshake may wait for its turn, in milliseconds. */
const MAX_WAIT_MS = 5000;
/** Seconds after which a client that found the queue full may come back, from … to. */
const QUEUE_RETRY = [1, 10] as const;
/**
 * Connections beyond the cap that are still answered, so that they get the reason of the refusal; the
 * next ones are refused before they cost more than a request.
 */
const ANSWERED_BEYOND_CAP = 1000;

/**
 * Decides which connections are taken, and how many at a time. Connections are counted from their first
 * request until they are closed, so that one which never says who it is counts too. Handshakes are worked
 * on a few at a time: when a whole network comes back within a second, the database is asked no more than
 * it can answer, and who would have to wait too long gets a `retryAfter`.
 */
export class ConnectionAdmission {
  private readonly limits: ConnectionLimits;
  private readonly limiter: ConcurrencyLimiter;
  private readonly addressOf: (req: IncomingMessage) => string;
  private readonly random: () => number;
  /** Connections that were refused when they opened; the error is sent with their handshake. */
  private readonly refused = new WeakMap<RawConnection, AppError>();
  /** Connections that have begun their handshake, which each may do once. */
  private readonly greeted = new WeakSet<RawConnection>();

  constructor(
    private readonly deps: {
      config: AdmissionSettings;
      metrics: Metrics;
      /** Numbers from 0 to 1, for jitter. */
      random?: () => number;
    },
  ) {
    const { config, random = Math.random } = deps;
    this.random = random;
    this.limits = new ConnectionLimits(config, random);
    this.addressOf = clientAddress(config.trustProxy);
    this.limiter = new ConcurrencyLimiter({
      concurrency: config.handshakeConcurrency,
      maxWaiting: config.handshakeQueue,
      maxWaitMs: MAX_WAIT_MS,
      refusal: () => this.comeBack(),
    });
  }

  /** Whether another connection may be opened at all, when there are `open` of them. */
  hasRoom(open: number): boolean {
    const { maxConnections } = this.deps.config;
    return maxConnections === 0 || open < maxConnections + ANSWERED_BEYOND_CAP;
  }

  /** Counts a new connection, until it is closed. */
  meet(connection: RawConnection): void {
    try {
      whenClosed(connection, this.limits.enter(this.addressOf(connection.request)));
    } catch (error) {
      const refusal = error as AppError;
      this.count(refusal.code === 'UNAVAILABLE' ? 'process' : 'address');
      this.refused.set(connection, refusal);
    }
  }

  /**
   * Works on a connection's handshake when its turn comes.
   *
   * @throws {AppError} TOO_MANY_CONNECTIONS, or UNAVAILABLE when the process is full or the handshake
   *   would wait too long; BAD_REQUEST for a second handshake; TIMEOUT; whatever `work` throws.
   */
  async admit(connection: RawConnection, work: () => Promise<void>): Promise<void> {
    const refusal = this.refused.get(connection);
    if (refusal) throw refusal;
    if (this.greeted.has(connection)) {
      throw new AppError('BAD_REQUEST', 'This connection has had its handshake');
    }
    this.greeted.add(connection);
    const { config, metrics } = this.deps;
    const turn = this.limiter.run(
      () => withDeadline(work(), config.requestTimeoutMs),
      () => isOpen(connection),
    );
    metrics.handshakesWaiting.set(this.limiter.waiting);
    try {
      await turn;
    } finally {
      metrics.handshakesWaiting.set(this.limiter.waiting);
    }
  }

  /**
   * Counts the connection as one of the user's, until it is closed.
   *
   * @throws {AppError} TOO_MANY_CONNECTIONS when the user has as many as one may have.
   */
  countFor(userId: string, connection: RawConnection): void {
    try {
      whenClosed(connection, this.limits.enterAs(userId));
    } catch (error) {
      this.count('user');
      throw error;
    }
  }

  private comeBack(): AppError {
    this.count('queue');
    return new AppError('UNAVAILABLE', 'Too many clients are connecting; try again', {
      retryAfter: jittered(...QUEUE_RETRY, this.random),
    });
  }

  private count(reason: Reason): void {
    this.deps.metrics.connectionsRefused.inc({ reason });
  }
}
