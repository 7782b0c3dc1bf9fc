import { pino } from 'pino';
import { toAppError } from './to-app-error.js';
import type { Config } from '../config/index.js';

/** The part of pino that Parley's code uses: structured fields first, then the message. */
export type Logger = Pick<
  ReturnType<typeof pino>,
  'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'child'
>;

/** Fields that must never reach a log, wherever they are. */
const REDACTED = [
  'req.headers.authorization',
  'req.headers.cookie',
  'req.headers["x-api-key"]',
  '*.password',
  '*.token',
  '*.refreshToken',
  '*.deviceToken',
];

/** Errors that may be tried again are logged without a stack: on a full disk, every regular job fails every few seconds. */
const describeError = (error: Error) => {
  const described = pino.stdSerializers.err(error);
  return toAppError(error).retryAfter === undefined
    ? described
    : { type: described.type, message: described.message, code: described.code as unknown };
};

/** Makes the process's logger: JSON lines, or readable ones on a terminal in development. */
export const createLogger = (config: Pick<Config, 'logLevel' | 'nodeEnv'>): Logger =>
  pino({
    level: config.logLevel,
    serializers: { err: describeError },
    redact: { paths: REDACTED, censor: '[redacted]' },
    ...(config.nodeEnv === 'development' &&
      process.stdout.isTTY && {
        transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } },
      }),
  });
