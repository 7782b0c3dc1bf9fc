import { Tally, addressKey } from '../../platform/tally.js';
import type { Release } from '../../platform/tally.js';
import { AppError } from '../../shared/errors.js';
import { jittered } from '../../shared/jitter.js';

/** How many connections one process takes; 0 for no limit. */
export interface ConnectionCaps {
  /** Of one user. */
  connectionsPerUser: number;
  /** From one address; IPv6 addresses count by their /64. */
  connectionsPerAddress: number;
  /** In all. */
  maxConnections: number;
}

/** Seconds after which a refused client may come back, from … to, so that they do not come together. */
const CAP_RETRY = [20, 40] as const;
const FULL_RETRY = [5, 15] as const;

/**
 * Counts this process's connections, and refuses those beyond a limit. A user's further connection is
 * refused, and the open ones stay: were the newest to win, two devices over the limit would take
 * turns in throwing each other out.
 */
export class ConnectionLimits {
  private readonly all: Tally;
  private readonly byAddress: Tally;
  private readonly byUser: Tally;

  constructor(
    caps: ConnectionCaps,
    private readonly random: () => number = Math.random,
  ) {
    this.all = new Tally(caps.maxConnections);
    this.byAddress = new Tally(caps.connectionsPerAddress);
    this.byUser = new Tally(caps.connectionsPerUser);
  }

  /**
   * Counts a connection in, of whomever it may be.
   *
   * @throws {AppError} UNAVAILABLE when the process is full, TOO_MANY_CONNECTIONS when the address is.
   */
  enter(address: string): Release {
    const leaveAll = this.all.take('');
    if (!leaveAll) {
      throw new AppError('UNAVAILABLE', 'This server has all the connections it takes', {
        retryAfter: jittered(...FULL_RETRY, this.random),
      });
    }
    const leaveAddress = this.byAddress.take(addressKey(address));
    if (!leaveAddress) {
      leaveAll();
      throw this.tooMany('Your address has too many connections');
    }
    return () => {
      leaveAll();
      leaveAddress();
    };
  }

  /**
   * Counts a connection of a user in.
   *
   * @throws {AppError} TOO_MANY_CONNECTIONS when the user has as many as one may have.
   */
  enterAs(userId: string): Release {
    const leave = this.byUser.take(userId);
    if (!leave) throw this.tooMany('You have too many connections; close one of them');
    return leave;
  }

  private tooMany(message: string): AppError {
    const retryAfter = jittered(...CAP_RETRY, this.random);
    return new AppError('TOO_MANY_CONNECTIONS', message, { retryAfter });
  }
}
