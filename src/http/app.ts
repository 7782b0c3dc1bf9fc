import cors from 'cors';
import express from 'express';
import type { Express, Router } from 'express';
import helmet from 'helmet';
import { pinoHttp } from 'pino-http';
import type { Config } from '../config/index.js';
import type { Logger } from '../platform/logger.js';
import type { Metrics } from '../platform/metrics.js';
import { newUuid } from '../shared/ids.js';
import { trustProxy } from './client-address.js';
import { errorHandler, notFoundHandler } from './error-handler.js';
import { corsOrigin } from './origins.js';

/** What the HTTP side is built from. */
export interface HttpAppParts {
  config: Pick<Config, 'corsOrigins' | 'nodeEnv' | 'trustProxy'>;
  logger: Logger;
  metrics: Metrics;
  /** Routers in the order in which they are asked. */
  routers: Router[];
}

/** A request id that a proxy has set is kept when it is harmless. */
const SAFE_REQUEST_ID = /^[\w-]{1,64}$/;

/** Builds the Express application. */
export const createHttpApp = ({ config, logger, metrics, routers }: HttpAppParts): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', trustProxy(config.trustProxy));
  app.set('query parser', 'simple');
  app.use(
    pinoHttp({
      logger: logger as never,
      genReqId: (req, res) => {
        const given = req.headers['x-request-id'];
        const id = typeof given === 'string' && SAFE_REQUEST_ID.test(given) ? given : newUuid();
        res.setHeader('X-Request-Id', id);
        return id;
      },
      customLogLevel: (_req, res, error) => {
        if (error ?? res.statusCode >= 500) return 'error';
        return 'debug';
      },
    }),
  );
  app.use((req, res, next) => {
    const end = metrics.httpDuration.startTimer({ method: req.method });
    res.on('finish', () => {
      const route = (req.route as { path?: string } | undefined)?.path ?? 'unmatched';
      end({ route, status: String(res.statusCode) });
    });
    next();
  });
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'self'"],
          imgSrc: ["'self'", 'data:', 'blob:', 'https:'],
          mediaSrc: ["'self'", 'blob:', 'https:'],
          connectSrc: ["'self'", 'ws:', 'wss:'],
          objectSrc: ["'none'"],
          baseUri: ["'none'"],
          formAction: ["'self'"],
          frameAncestors: ["'none'"],
        },
      },
      crossOriginResourcePolicy: { policy: 'cross-origin' },
    }),
  );
  app.use(
    cors({
      origin: corsOrigin(config),
      exposedHeaders: ['X-Request-Id', 'Retry-After', 'RateLimit', 'RateLimit-Policy'],
    }),
  );
  for (const router of routers) app.use(router);
  app.use(notFoundHandler);
  app.use(errorHandler(logger, metrics));
  return app;
};
