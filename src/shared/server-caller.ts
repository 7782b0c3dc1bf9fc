import { AppError } from './errors.js';

/**
 * What a server key may be allowed to do.
 *
 * - `users:write`: read, make and change accounts, close and reopen them
 * - `users:token`: make tokens that sign a user in, and end the logins of a user
 * - `chats:write`: read, make, change and delete chats, and change who is in them
 * - `messages:write`: send, change and delete messages as the system
 * - `messages:read`: read the messages of every chat
 * - `act-as`: do in the name of a user what the other scopes allow
 * - `broadcast`: send broadcasts
 */
export const SERVER_SCOPES = [
  'users:write',
  'users:token',
  'chats:write',
  'messages:write',
  'messages:read',
  'act-as',
  'broadcast',
] as const;

/** One of {@link SERVER_SCOPES}. */
export type ServerScope = (typeof SERVER_SCOPES)[number];

/** The server of somebody else's product, which calls under a key. */
export interface ServerCaller {
  keyId: string;
  /** Name of the key, as its maker has given it. */
  keyName: string;
  scopes: ReadonlySet<ServerScope>;
  /**
   * The same in every retry of a call, from its `Idempotency-Key`: what is made under it is made once, also when
   * the process ends between the work and its stored answer. Undefined for a call without one.
   */
  onceId?: string | undefined;
}

/** Turns a server key into the caller. */
export interface ServerAuthenticator {
  /** @throws {AppError} UNAUTHENTICATED when the key is missing, mistyped, unknown, revoked or expired. */
  authenticate(key: string | undefined): Promise<ServerCaller>;
}

/** A call that must be done once, however often it is tried. */
export interface OnceCall {
  keyId: string;
  /** The caller's `Idempotency-Key`. */
  idempotencyKey: string;
  /** Digest of everything that the call depends on. */
  fingerprint: string;
}

/** Does calls once per `Idempotency-Key`. */
export interface OnceCalls {
  /**
   * Does the work, or answers as the first call under the key was answered.
   *
   * @param work gets an id that is the same in every retry.
   * @returns `isReplay`: whether the answer is that of an earlier call.
   * @throws {AppError} IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_IN_PROGRESS, or what `work` throws.
   */
  run<Answer extends object>(
    call: OnceCall,
    work: (onceId: string) => Promise<Answer>,
  ): Promise<{ answer: Answer; isReplay: boolean }>;
}

/** @throws {AppError} SCOPE_MISSING unless the key has the scope. */
export const requireScope = ({ scopes }: ServerCaller, scope: ServerScope): void => {
  if (!scopes.has(scope)) {
    throw new AppError('SCOPE_MISSING', `This server key lacks the scope ${scope}`);
  }
};
