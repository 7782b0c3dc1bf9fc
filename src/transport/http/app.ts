import cors from 'cors';
import express from 'express';
import type { Express, Router } from 'express';
import helmet from 'helmet';
import type { Config } from '../../config/index.js';
import type { Logger } from '../../platform/logger.js';
import type { Metrics } from '../../platform/metrics.js';
import type { AppError } from '../../shared/errors.js';
import { trustProxy } from './client-address.js';
import { errorHandler, notFoundHandler } from './error-handler.js';
import { corsOrigin } from './origins.js';
import { requestLog } from './request-log.js';

/** What the HTTP side is built from. */
export interface HttpAppParts {
  config: Pick<Config, 'corsOrigins' | 'nodeEnv' | 'trustProxy'>;
  logger: Logger;
  metrics: Metrics;
  /** Asked before anything may refuse a request: it answers at all times. */
  health: Router;
  /** Routers in the order in which they are asked. */
  routers: Router[];
  /** Told every error that is answered. */
  onError?: (error: AppError) => void;
}

/** Builds the Express application. */
export const createHttpApp = (parts: HttpAppParts): Express => {
  const { config, logger, metrics, health, routers, onError } = parts;
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', trustProxy(config.trustProxy));
  app.set('query parser', 'simple');
  app.use(requestLog(logger));
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
  app.use(health);
  for (const router of routers) app.use(router);
  app.use(notFoundHandler);
  app.use(errorHandler(logger, metrics, onError));
  return app;
};
