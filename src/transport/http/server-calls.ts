import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { AppError, invalidInput } from '../../shared/errors.js';
import type { OnceCalls, ServerAuthenticator, ServerCaller } from '../../shared/server-caller.js';
import { requireScope } from '../../shared/server-caller.js';
import type { RequestLimits } from './request-limits.js';
import type { AnyRoute, Reply } from './route.js';

/** What routes under a server key need of the rest of the server. */
export interface ServerCallContext {
  /** Server keys. */
  serverKeys: ServerAuthenticator;
  /** Does what changes something once per `Idempotency-Key`. */
  onceCalls: OnceCalls;
  limits: RequestLimits;
}

/**
 * Admits whoever has a server key with the scope of the route, within the key's allowance. Keys that are not valid
 * count per address; a valid one is admitted whatever others at its address try, because none can be guessed.
 *
 * @throws {AppError} UNAUTHENTICATED, SCOPE_MISSING, RATE_LIMITED.
 */
export const admitServer = async (
  route: AnyRoute,
  { limits, serverKeys }: ServerCallContext,
  key: string | undefined,
  req: Request,
  res: Response,
): Promise<ServerCaller> => {
  const caller = await serverKeys.authenticate(key).catch(async (error: unknown) => {
    // A fault of the database is no attempt to guess.
    if (error instanceof AppError && error.status === 401) {
      await limits.consume('refused-keys', req, res);
    }
    throw error;
  });
  await limits.consume('server-key', req, res, caller.keyId);
  if (route.scope === undefined) throw new Error(`${route.path} names no scope`);
  requireScope(caller, route.scope);
  return caller;
};

/** The length that is stored, and what fits in a header without escapes. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

const idempotencyKeyOf = (req: Request): string | undefined => {
  const key = req.get('idempotency-key');
  if (key === undefined || IDEMPOTENCY_KEY.test(key)) return key;
  throw invalidInput('Idempotency-Key', '1 to 255 visible ASCII characters without spaces');
};

/** Digest of all that a call depends on; the path holds its parameters. */
const fingerprintOf = (req: Request): string =>
  createHash('sha256')
    .update(JSON.stringify([req.method, req.originalUrl, (req.body as unknown) ?? {}]))
    .digest('base64url');

/**
 * Answers a call that changes something, once per `Idempotency-Key`: a retry gets the first answer, and the header
 * `Idempotency-Replayed: true`. A call without the header is done each time.
 *
 * @param handle the route's own work, for the caller that it is given.
 * @throws {AppError} IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_IN_PROGRESS, or what `handle` throws.
 */
export const answerOnce = async (
  { onceCalls }: ServerCallContext,
  caller: ServerCaller,
  req: Request,
  res: Response,
  handle: (caller: ServerCaller) => Promise<Reply | undefined>,
): Promise<Reply | undefined> => {
  const idempotencyKey = idempotencyKeyOf(req);
  if (idempotencyKey === undefined) return handle(caller);
  const call = { keyId: caller.keyId, idempotencyKey, fingerprint: fingerprintOf(req) };
  const { answer, isReplay } = await onceCalls.run(call, async (onceId) => {
    const reply = await handle({ ...caller, onceId });
    // Only streams answer nothing, and none is under a server key.
    return reply ?? { data: null };
  });
  // When the deadline has passed, somebody else has answered already.
  if (isReplay && !res.headersSent) res.set('Idempotency-Replayed', 'true');
  return answer;
};
