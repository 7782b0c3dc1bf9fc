import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from '../../platform/logger.js';
import type { Actor } from '../../shared/actor.js';
import { newUuid } from '../../shared/ids.js';
import { whenClosed } from './when-closed.js';

declare module 'node:http' {
  interface IncomingMessage {
    /** The request's id, as the logs, the error bodies and `X-Request-Id` show it. */
    id?: string;
  }
}

/** A request id that a proxy has set is kept when it is harmless. */
const SAFE_REQUEST_ID = /^[\w-]{1,64}$/;
/** Characters of a path that are logged. */
const MAX_PATH = 200;

const requestIdOf = (req: Request): string => {
  const given = req.headers['x-request-id'];
  return typeof given === 'string' && SAFE_REQUEST_ID.test(given) ? given : newUuid();
};

/** Without the query, which may hold signatures and what somebody searches for. */
const pathOf = ({ originalUrl }: Request): string =>
  originalUrl.split('?', 1)[0]!.slice(0, MAX_PATH);

const write = (logger: Logger, res: Response, line: object): void => {
  if (!res.writableFinished) logger.debug(line, 'request broken off');
  else if (res.statusCode >= 500) logger.warn(line, 'request not served');
  else if (res.statusCode >= 400) logger.info(line, 'request refused');
  else logger.debug(line, 'request served');
};

/**
 * Gives every request its id, and logs it in one line when it is over: at `info` when it was refused, at
 * `warn` when it was not served, else at `debug`. A fault of the server has a line of its own, with its stack.
 */
export const requestLog =
  (logger: Logger): RequestHandler =>
  (req, res, next) => {
    const requestId = requestIdOf(req);
    req.id = requestId;
    res.setHeader('X-Request-Id', requestId);
    const startedAt = performance.now();
    // Known only as long as the connection is.
    const address = req.ip;
    whenClosed(req, res, () => {
      const { actor, errorCode } = res.locals as { actor?: Actor; errorCode?: string };
      write(logger, res, {
        method: req.method,
        path: pathOf(req),
        status: res.statusCode,
        code: errorCode,
        address,
        userId: actor?.userId,
        ms: Math.round(performance.now() - startedAt),
        requestId,
      });
    });
    next();
  };
