import Joi from 'joi';
import type { ExtendedError } from 'socket.io';
import { toAppError } from '../../platform/to-app-error.js';
import type { TokenGrants } from '../../shared/authenticator.js';
import { AppError } from '../../shared/errors.js';
import { validate } from '../../shared/validate.js';
import type { ConnectionAdmission } from './connection-admission.js';
import type { PendingJoins } from './pending-joins.js';
import type { DialectName } from './dialect.js';
import { DIALECTS } from './dialect.js';
import { initialMask } from './dispatcher.js';
import { whenClosed } from './raw-connection.js';
import type { ParleySocket } from './socket-data.js';

/** What a client may say when it connects; other members are the application's and are ignored. */
export interface Hello {
  token?: string;
  dialect?: DialectName;
}

/** `auth` of the handshake. */
export const helloSchema = Joi.object<Hello>({
  token: Joi.string()
    .max(8192)
    .description('The access token; in an Authorization header where this is left out'),
  dialect: Joi.string()
    .valid(...DIALECTS)
    .description('Whose events this device gets; left out: its first command shows it'),
}).unknown();

/** The error in the form in which Socket.IO hands it to the client's `connect_error`. */
const refusal = (error: AppError): ExtendedError =>
  Object.assign(new Error(error.message) as ExtendedError, { data: error.toBody() });

const bearer = (header: string | undefined): string | undefined =>
  /^Bearer (\S+)$/i.exec(header ?? '')?.[1];

/** What a handshake is checked with. */
export interface HandshakeParts {
  authenticator: TokenGrants;
  admission: Pick<ConnectionAdmission, 'admit' | 'countFor'>;
  pendingJoins: PendingJoins;
  /** The chats whose channels a user's sockets join. */
  chatIdsOf(userId: string): Promise<string[]>;
  /** Whether the server takes connections; false while it shuts down. */
  isAccepting(): boolean;
  /** Notes an error that is nobody's refusal. */
  onFailure(error: unknown): void;
}

/**
 * Connection middleware: who is calling, in which dialect, and in which chats. The token comes in
 * `auth: { token }`, or in an Authorization header where a client can set one. A connection that is
 * refused gets the error and is closed.
 */
export const handshake =
  (parts: HandshakeParts) =>
  async (socket: ParleySocket, next: (error?: ExtendedError) => void): Promise<void> => {
    try {
      if (!parts.isAccepting()) {
        throw new AppError('SHUTTING_DOWN', 'This server is shutting down', { retryAfter: 1 });
      }
      await parts.admission.admit(socket.conn, () => greet(parts, socket));
      next();
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.code === 'INTERNAL') parts.onFailure(thrown);
      next(refusal(error));
      // Behind the refusal, which is sent in the meantime.
      setImmediate(() => socket.conn.close());
    }
  };

const greet = async (parts: HandshakeParts, socket: ParleySocket): Promise<void> => {
  const { authenticator, admission, pendingJoins } = parts;
  const hello = validate(helloSchema, socket.handshake.auth);
  const token =
    hello.token?.replace(/^Bearer /i, '') ?? bearer(socket.handshake.headers.authorization);
  const { userId } = (await authenticator.grant(token)).actor;
  admission.countFor(userId, socket.conn);
  const arrival = pendingJoins.begin(userId, (id) => parts.chatIdsOf(id));
  try {
    await arrival.load();
    // What was revoked in the meantime did not find this socket among the user's.
    const { actor, expiresAt } = await authenticator.grant(token);
    socket.data = {
      actor,
      expiresAt,
      mask: initialMask(hello.dialect),
      knowsDialect: hello.dialect !== undefined,
      openChats: new Set<string>(),
      wishes: undefined,
      arrival,
    };
  } catch (thrown) {
    arrival.end();
    throw thrown;
  }
  whenClosed(socket.conn, arrival.end);
};

/**
 * Lets go of what a socket said when it came: Socket.IO keeps the first request, its headers and the
 * token with every connection for as long as it lasts, and nothing asks for them again.
 */
export const forgetHello = (socket: ParleySocket): void => {
  (socket.conn as { request: unknown }).request = null;
  Object.assign(socket.handshake, { headers: {}, auth: {}, query: {} });
};
