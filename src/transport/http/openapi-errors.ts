import { ERROR_STATUS } from '../../shared/errors.js';
import type { ErrorCode } from '../../shared/errors.js';
import type { JsonSchema } from './json-schema.js';
import type { AnyRoute } from './route.js';

/** What any request may get: it is malformed, too many come, or the server cannot answer now. */
export const ALWAYS: ErrorCode[] = [
  'VALIDATION',
  'BAD_REQUEST',
  'RATE_LIMITED',
  'INTERNAL',
  'UNAVAILABLE',
  'OVERLOADED',
  'SHUTTING_DOWN',
  'TIMEOUT',
];
/** What may come of a user's token. */
export const OF_SIGNED_IN: ErrorCode[] = [
  'UNAUTHENTICATED',
  'TOKEN_EXPIRED',
  'ACCOUNT_DEACTIVATED',
  'BANNED',
];
/** What may come of a request that is no GET. */
export const OF_BODIES: ErrorCode[] = [
  'BAD_JSON',
  'BODY_TIMEOUT',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
];

const admission = ({ auth, method, isForEnrolment }: AnyRoute): ErrorCode[] => {
  if (auth === 'none') return [];
  if (auth === 'server') {
    const once: ErrorCode[] = ['IDEMPOTENCY_KEY_REUSED', 'IDEMPOTENCY_IN_PROGRESS'];
    return ['UNAUTHENTICATED', 'SCOPE_MISSING', ...(method === 'get' ? [] : once)];
  }
  return [
    ...OF_SIGNED_IN,
    ...(isForEnrolment ? [] : (['TOTP_ENROLMENT_REQUIRED'] as const)),
    ...(auth === 'admin' ? (['FORBIDDEN'] as const) : []),
  ];
};

/**
 * Every code that a route may answer with, in the order in which codes were published.
 *
 * @param own the codes of its own work, from its note.
 */
export const codesOf = (route: AnyRoute, own: readonly ErrorCode[] = []): ErrorCode[] => {
  const isWrite = route.method !== 'get';
  const codes = new Set<ErrorCode>([
    ...ALWAYS,
    ...admission(route),
    ...(route.path.includes(':') ? (['NOT_FOUND'] as const) : []),
    ...(isWrite ? [...OF_BODIES, 'INSUFFICIENT_STORAGE' as const] : []),
    ...(route.response ? [] : (['PRECONDITION_FAILED', 'RANGE_NOT_SATISFIABLE'] as const)),
    ...own,
  ]);
  return (Object.keys(ERROR_STATUS) as ErrorCode[]).filter((code) => codes.has(code));
};

/** The members of an error that every one may have. */
export const ERROR_SCHEMAS: Record<string, JsonSchema> = {
  ErrorCode: { type: 'string', enum: Object.keys(ERROR_STATUS) },
  Error: {
    type: 'object',
    properties: {
      success: { const: false },
      message: { type: 'string', description: 'For people; not meant to be parsed' },
      code: { $ref: '#/components/schemas/ErrorCode' },
      requestId: { type: 'string', description: 'As the logs of the server name the request' },
      errors: { type: 'array', items: { $ref: '#/components/schemas/FieldError' } },
      retryAfter: { type: 'number', description: 'Seconds after which a retry may succeed' },
      details: { $ref: '#/components/schemas/RefusalDetails' },
      challenge: { type: 'string', description: 'Of TOTP_REQUIRED: for POST /api/auth/totp' },
      until: {
        type: ['string', 'null'],
        description: 'Of SILENCED and BANNED: when it ends; null when it has no end',
      },
      reason: { type: 'string', description: 'Of SILENCED and BANNED: why it was imposed' },
    },
    required: ['success', 'message', 'code', 'requestId'],
  },
  /** The members that RFC 9457 names. */
  Problem: {
    type: 'object',
    properties: {
      type: { const: 'about:blank' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      instance: { type: 'string' },
    },
    required: ['type', 'title', 'status', 'detail', 'instance'],
  },
  FieldError: {
    type: 'object',
    properties: {
      path: { type: 'string', description: 'Dotted, as in `media.0.url`' },
      message: { type: 'string' },
    },
    required: ['path', 'message'],
    additionalProperties: false,
  },
  RefusalDetails: {
    type: 'object',
    description: 'Why a file is refused, and the number of bytes, pixels or frames that it exceeds',
    properties: {
      reason: { enum: ['type', 'damage', 'size', 'pixels', 'frames', 'time'] },
      limit: { type: 'number' },
    },
    required: ['reason'],
    additionalProperties: false,
  },
};

const schemaOf = (names: string[], codes: ErrorCode[]): JsonSchema => ({
  allOf: [
    ...names.map((name) => ({ $ref: `#/components/schemas/${name}` })),
    { type: 'object', properties: { code: { enum: codes } } },
  ],
  unevaluatedProperties: false,
});

const HEADERS: Record<number, string> = {
  401: 'WWW-Authenticate',
  429: 'Retry-After',
  503: 'Retry-After',
  507: 'Retry-After',
};

const exampleOf = (code: ErrorCode): JsonSchema => ({
  summary: code.toLowerCase().replaceAll('_', ' '),
  value: {
    success: false,
    code,
    message: MESSAGES[code] ?? 'This cannot be done',
    requestId: '01JTZ6Y4W8R4S3',
    ...(code === 'VALIDATION' && {
      errors: [{ path: 'content', message: 'content: is required' }],
    }),
    ...(ERROR_STATUS[code] === 429 && { retryAfter: 12 }),
  },
});

/** Messages of the codes that most operations share, as the server words them. */
const MESSAGES: Partial<Record<ErrorCode, string>> = {
  VALIDATION: 'content: is required',
  BAD_JSON: 'The body is not valid JSON',
  UNAUTHENTICATED: 'Sign in first',
  TOKEN_EXPIRED: 'The access token has expired',
  FORBIDDEN: 'Only admins may do this',
  NOT_FOUND: 'Chat not found',
  RATE_LIMITED: 'Too many requests; try again in 12 s',
  INTERNAL: 'Something went wrong',
  UNAVAILABLE: 'The database is not available; try again',
};

const responseOf = (status: number, codes: ErrorCode[]): JsonSchema => {
  const header = HEADERS[status];
  return {
    description: codes.join(', '),
    ...(header && { headers: { [header]: { $ref: `#/components/headers/${header}` } } }),
    content: {
      'application/json': {
        schema: schemaOf(['Error'], codes),
        examples: { [codes[0]!]: exampleOf(codes[0]!) },
      },
      'application/problem+json': { schema: schemaOf(['Error', 'Problem'], codes) },
    },
  };
};

/** Collects the error responses: operations that refuse with the same codes share one. */
export class ErrorResponses {
  readonly responses: Record<string, JsonSchema> = {};

  /** Responses by status for these codes. */
  for(codes: ErrorCode[]): Record<string, JsonSchema> {
    const statuses = [...new Set(codes.map((code) => ERROR_STATUS[code]))].sort((a, b) => a - b);
    return Object.fromEntries(
      statuses.map((status) => {
        const own = codes.filter((code) => ERROR_STATUS[code] === status);
        const name = [`Error${status}`, ...own].join('.');
        this.responses[name] ??= responseOf(status, own);
        return [status, { $ref: `#/components/responses/${name}` }];
      }),
    );
  }
}
