import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { Logger } from '../../platform/logger.js';
import type { Metrics } from '../../platform/metrics.js';
import { AppError } from '../../shared/errors.js';
import { toAppError } from '../../platform/to-app-error.js';

/** The request's id, as the logs and the error bodies show it. */
export const requestId = (req: Request): string => String(req.id);

const titleOf = (code: string): string => code.toLowerCase().replaceAll('_', ' ');

const wantsProblem = (req: Request): boolean =>
  (req.headers.accept ?? '').includes('application/problem+json');

/** What a handler may have said of the content that it then could not send. */
const CONTENT_HEADERS = [
  'Accept-Ranges',
  'Cache-Control',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Type',
  'ETag',
  'Last-Modified',
];

/** Writes an error in the project's shape, or as RFC 9457 when the client asks for that. */
export const sendError = (req: Request, res: Response, error: AppError): void => {
  for (const name of CONTENT_HEADERS) res.removeHeader(name);
  const body = { success: false, ...error.toBody(), requestId: requestId(req) };
  if (error.retryAfter !== undefined) res.set('Retry-After', String(Math.ceil(error.retryAfter)));
  if (error.status === 401) res.set('WWW-Authenticate', 'Bearer');
  res.status(error.status);
  res.locals.errorCode = error.code;
  if (wantsProblem(req)) {
    const problem = {
      type: 'about:blank',
      title: titleOf(error.code),
      status: error.status,
      detail: error.message,
      instance: req.originalUrl,
    };
    res.type('application/problem+json').send(JSON.stringify({ ...problem, ...body }));
    return;
  }
  res.json(body);
};

/**
 * The last middleware: answers every error in one shape, without details of internal errors.
 *
 * @param onError called with every error that is answered.
 */
export const errorHandler =
  (
    logger: Logger,
    metrics: Metrics,
    onError: (error: AppError) => void = () => undefined,
  ): ErrorRequestHandler =>
  (thrown: unknown, req, res, _next) => {
    const error = toAppError(thrown);
    onError(error);
    if (error.code === 'INTERNAL') {
      metrics.unhandledErrors.inc();
      logger.error({ err: thrown, requestId: requestId(req), path: req.path }, 'request failed');
    }
    if (res.headersSent) {
      res.destroy();
      return;
    }
    const length = lengthAsRange(thrown);
    if (length !== undefined) res.set('Content-Range', length);
    sendError(req, res, error);
  };

// A refused range says how long the file is instead, as `bytes */1234`.
const lengthAsRange = (thrown: unknown): string | undefined =>
  (thrown as { headers?: Record<string, string> } | undefined)?.headers?.['Content-Range'];

/** Answers what no route has taken. */
export const notFoundHandler: RequestHandler = (req, res) => {
  sendError(req, res, new AppError('NOT_FOUND', `No such endpoint: ${req.method} ${req.path}`));
};
