import type { ErrorBody } from './wire.types.js';

/** Refusals that may pass by themselves; everything else would be refused again. */
const RETRYABLE = new Set([
  'DISCONNECTED',
  'CONNECTION_LOST',
  'TIMEOUT',
  'UNAVAILABLE',
  'OVERLOADED',
  'SHUTTING_DOWN',
  'RATE_LIMITED',
  'TOO_MANY_CONNECTIONS',
  'STORAGE_UNAVAILABLE',
  'PRE_SEND_UNAVAILABLE',
  'SLOW_MODE',
  'INTERNAL',
]);

/** Refusals of a token that another one may do away with. */
const RENEWABLE = new Set(['UNAUTHENTICATED', 'TOKEN_EXPIRED']);
/** Refusals of the login itself. */
const FINAL = new Set(['ACCOUNT_DEACTIVATED', 'REFRESH_REUSED', 'TOTP_ENROLMENT_REQUIRED']);

/**
 * A refusal by the server, or what kept it from answering: `DISCONNECTED` when it was not reached,
 * `CONNECTION_LOST` when the connection ended before the answer, `TIMEOUT` when none came in time.
 */
export class ChatError extends Error {
  readonly code: string;
  /** Seconds after which a retry may succeed. */
  readonly retryAfter: number | undefined;

  /** What is wrong with the fields of an input; `path` is dotted, as in `media.0.url`. */
  readonly errors: readonly { path: string; message: string }[];

  /** Of BANNED and SILENCED: when that ends (null: never), and why it was imposed. */
  readonly until: string | null | undefined;
  readonly reason: string | undefined;

  /** Why a file was refused. */
  readonly details: ErrorBody['details'];

  /** Of TOTP_REQUIRED: what `completeSignIn` takes, with a code. */
  readonly challenge: string | undefined;

  constructor(body: ErrorBody) {
    super(body.message);
    this.name = 'ChatError';
    this.code = body.code;
    this.retryAfter = body.retryAfter;
    this.errors = body.errors ?? [];
    this.until = body.until;
    this.reason = body.reason;
    this.details = body.details;
    this.challenge = body.challenge;
  }

  /** Whether the same request may succeed later. */
  get isRetryable(): boolean {
    // A full disk passes, and says when to ask again; a quota that is used up does not.
    const isFullDisk = this.code === 'INSUFFICIENT_STORAGE' && this.retryAfter !== undefined;
    return isFullDisk || RETRYABLE.has(this.code);
  }

  /** Whether the same request may succeed with another token. */
  get isRenewable(): boolean {
    return RENEWABLE.has(this.code);
  }

  /** Whether the login is the problem, and not what was asked for. */
  get isAboutLogin(): boolean {
    return this.isRenewable || FINAL.has(this.code);
  }
}

/** Anything thrown, as a ChatError: what is not one already means that there was no answer. */
export const toChatError = (thrown: unknown): ChatError =>
  thrown instanceof ChatError
    ? thrown
    : new ChatError({
        code: 'DISCONNECTED',
        message: thrown instanceof Error ? thrown.message : String(thrown),
      });
