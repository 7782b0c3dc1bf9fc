/**
 * Every error a client can see. The list is append-only: a code, once published, keeps its meaning
 * and its status, so that clients may branch on it.
 */
export const ERROR_STATUS = {
  VALIDATION: 400,
  BAD_JSON: 400,
  BAD_REQUEST: 400,
  UNKNOWN_EVENT: 400,
  UNAUTHENTICATED: 401,
  TOKEN_EXPIRED: 401,
  INVALID_CREDENTIALS: 401,
  REFRESH_REUSED: 401,
  FORBIDDEN: 403,
  CHAT_NOT_ACCEPTED: 403,
  BLOCKED: 403,
  ACCOUNT_DEACTIVATED: 403,
  EDIT_WINDOW_CLOSED: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  USERNAME_TAKEN: 409,
  EMAIL_TAKEN: 409,
  CLIENT_MESSAGE_ID_REUSED: 409,
  LAST_OWNER: 409,
  LAST_ADMIN: 409,
  CURSOR_TOO_OLD: 410,
  GONE: 410,
  PRECONDITION_FAILED: 412,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RANGE_NOT_SATISFIABLE: 416,
  UNSAFE_FILE: 422,
  RATE_LIMITED: 429,
  TOO_MANY_CONNECTIONS: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  OVERLOADED: 503,
  SHUTTING_DOWN: 503,
  TIMEOUT: 503,
  STORAGE_UNAVAILABLE: 503,
  INSUFFICIENT_STORAGE: 507,
  BODY_TIMEOUT: 408,
  SCOPE_MISSING: 403,
  IDEMPOTENCY_KEY_REUSED: 409,
  IDEMPOTENCY_IN_PROGRESS: 409,
  REGISTRATION_CLOSED: 403,
  INVITE_REQUIRED: 403,
  INVITE_INVALID: 403,
  EMAIL_DOMAIN_REFUSED: 403,
  EMAIL_NOT_VERIFIED: 403,
  LINK_INVALID: 410,
  MAIL_NOT_CONFIGURED: 501,
  FRESH_LOGIN_REQUIRED: 403,
  TOTP_REQUIRED: 401,
  TOTP_INVALID: 401,
  TOTP_ENROLMENT_REQUIRED: 403,
  SILENCED: 403,
  BANNED: 403,
  SLOW_MODE: 429,
  MESSAGE_REFUSED: 422,
  PRE_SEND_UNAVAILABLE: 503,
  JOIN_REQUEST_NEEDED: 403,
  JOIN_REQUESTED: 403,
} as const;

/** A published error code. */
export type ErrorCode = keyof typeof ERROR_STATUS;

/** One thing wrong with one input field; `path` is dotted, as in `media.0.url`. */
export interface FieldError {
  path: string;
  message: string;
}

/** Why a file is refused, for programs. */
export interface RefusalDetails {
  /** Its type, its damage, its bytes, its pixels, its frames, or the time that it takes. */
  reason: 'type' | 'damage' | 'size' | 'pixels' | 'frames' | 'time';
  /** The number that it exceeds: bytes, pixels or frames. */
  limit?: number;
}

/** What a transport tells the client about an error. */
export interface ErrorBody {
  code: ErrorCode;
  message: string;
  errors?: FieldError[];
  /** Seconds after which the same request may succeed. */
  retryAfter?: number;
  /** Of a refused file. */
  details?: RefusalDetails;
  /** Of a login that wants a second factor: what `POST /api/auth/totp` takes, with the code. */
  challenge?: string;
  /** Of a sanction: when it ends, an ISO time; null when it has no end. */
  until?: string | null;
  /** Of a sanction: why it was imposed. */
  reason?: string;
}

/** What an error may say beside its message. */
interface AppErrorOptions {
  errors?: FieldError[] | undefined;
  /** Seconds. */
  retryAfter?: number | undefined;
  details?: RefusalDetails | undefined;
  /** For `POST /api/auth/totp`. */
  challenge?: string | undefined;
  /** When the sanction that refuses ends; null when it has no end. */
  until?: Date | null | undefined;
  /** Why the sanction was imposed. */
  reason?: string | undefined;
  cause?: unknown;
}

/** An error meant for the client: it has a published code, and its message is safe to show. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly errors: FieldError[] | undefined;
  /** Seconds after which a retry may succeed. */
  readonly retryAfter: number | undefined;
  /** Why a file is refused. */
  readonly details: RefusalDetails | undefined;
  /** Of a login that wants a second factor. */
  readonly challenge: string | undefined;
  /** When the sanction that refuses ends; null when it has no end. */
  readonly until: Date | null | undefined;
  /** Why the sanction was imposed. */
  readonly reason: string | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.errors = options.errors;
    this.retryAfter = options.retryAfter;
    this.details = options.details;
    this.challenge = options.challenge;
    this.until = options.until;
    this.reason = options.reason;
  }

  /** HTTP status of the code. */
  get status(): number {
    return ERROR_STATUS[this.code];
  }

  /** The members shared by the REST body and the socket ack. */
  toBody(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.errors && { errors: this.errors }),
      ...(this.retryAfter !== undefined && { retryAfter: this.retryAfter }),
      ...(this.details && { details: this.details }),
      ...(this.challenge !== undefined && { challenge: this.challenge }),
      ...(this.until !== undefined && { until: this.until?.toISOString() ?? null }),
      ...(this.reason !== undefined && { reason: this.reason }),
    };
  }
}

/**
 * 400 for what no schema can see. Told like a schema's errors: the path of the member, and what it may be.
 *
 * @param path dotted, as in `media.0.url`; empty for the whole input.
 */
export const invalidInput = (path: string, problem: string): AppError => {
  const error = fieldError(path, problem);
  return new AppError('VALIDATION', error.message, { errors: [error] });
};

/** One thing wrong, as clients are told of it. */
export const fieldError = (path: string, problem: string): FieldError => ({
  path,
  message: path === '' ? problem : `${path}: ${problem}`,
});

/** 404, used alike for what does not exist and for what the caller may not know of. */
export const notFound = (what: string): AppError => new AppError('NOT_FOUND', `${what} not found`);

/**
 * For `catch`: what is not found on the way to a thing is told as that thing. Every other failure stays what
 * it is, above all one that a retry may cure.
 */
export const asNotFound =
  (what: string) =>
  (error: unknown): never => {
    throw error instanceof AppError && error.code === 'NOT_FOUND' ? notFound(what) : error;
  };

/** 403 for a member who may see the thing but not do this to it. */
export const forbidden = (message: string): AppError => new AppError('FORBIDDEN', message);
