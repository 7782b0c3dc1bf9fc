import type { Clock } from '../../shared/clock.js';
import type { TokenGrants } from '../../shared/authenticator.js';
import { isSameLogin } from '../../shared/actor.js';
import { AppError, forbidden } from '../../shared/errors.js';
import type { ParleySocket } from './socket-data.js';

/** How often sockets are looked at, in milliseconds; commands are refused from the moment itself. */
const INTERVAL_MS = 1000;

/**
 * Ends a socket when its access token does, as a request with that token would be refused, unless the client has
 * brought a newer one. The client is told `TOKEN_EXPIRED` first, in every dialect.
 */
export class TokenExpiry {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly clock: Clock) {}

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

  /** @throws {AppError} TOKEN_EXPIRED when the socket's token has. */
  check(socket: ParleySocket): void {
    if (this.hasExpired(socket)) throw expired();
  }

  /** Ends a socket whose token has expired. */
  inspect(socket: ParleySocket): void {
    if (!this.hasExpired(socket)) return;
    socket.emit('error', expired().toBody());
    socket.disconnect(true);
  }

  /**
   * Takes another token of the same login, and what it grants; one that ends sooner does not shorten the stay.
   *
   * @returns until when the socket may stay, in milliseconds since 1970.
   * @throws {AppError} FORBIDDEN for the token of another login, and as {@link TokenGrants.grant}.
   */
  async renew(socket: ParleySocket, token: string, grants: TokenGrants): Promise<number> {
    const { actor, expiresAt } = await grants.grant(token);
    const { data } = socket;
    if (!isSameLogin(actor, data.actor)) {
      throw forbidden('The token is of another login; connect anew with it');
    }
    data.actor = actor;
    data.expiresAt = Math.max(data.expiresAt, expiresAt);
    return data.expiresAt;
  }

  private hasExpired({ data }: ParleySocket): boolean {
    return this.clock.now() >= data.expiresAt;
  }
}

const expired = (): AppError => new AppError('TOKEN_EXPIRED', 'The access token has expired');
