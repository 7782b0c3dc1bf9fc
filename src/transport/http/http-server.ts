import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import cors from 'cors';
import express from 'express';
import type { Router } from 'express';
import helmet from 'helmet';
import type { Config } from '../../config/index.js';
import { ConfigError, listenAddress } from '../../config/index.js';
import type { Logger } from '../../platform/logger.js';
import type { Metrics } from '../../platform/metrics.js';
import type { AppError } from '../../shared/errors.js';
import { plainForwarded, trustProxy } from './client-address.js';
import { errorHandler, notFoundHandler } from './error-handler.js';
import { limitHttpConnections } from './http-connections.js';
import { corsOptions } from './origins.js';
import { requestLog } from './request-log.js';

/**
 * How long an idle connection is kept, in milliseconds: longer than proxies keep theirs (nginx 60 s, Traefik
 * 90, Caddy 120), or one sends a request on a connection that is just being closed, and answers 502.
 */
const KEEP_ALIVE_MS = 125_000;
/**
 * How long a request may take to arrive, in milliseconds: Node's own five minutes cut off an upload of 100 MB
 * on a line of 2 Mbit/s. Bodies that trickle are cut within a minute (`guardArrivals`), half headers after
 * HEADERS_MS and CHECK_MS, and connections on which nothing moves in either direction after SILENCE_MS.
 */
const ARRIVAL_MS = 60 * 60_000;
const HEADERS_MS = 30_000;
const CHECK_MS = 5000;
const SILENCE_MS = 2 * 60_000;

/** What answers requests, in the order in which it is asked. */
export interface HttpHandlers {
  /** Asked before anything may refuse a request: it answers at all times. */
  health: Router;
  routers: Router[];
  /** Receives every error that is answered. */
  onError(error: AppError): void;
}

/** Where a node listens. */
type ListenConfig = Pick<Config, 'host' | 'nodeEnv' | 'port'>;

/** The HTTP side of a node, not listening yet. */
export interface HttpSide {
  server: Server;
  /** Adds what answers requests; called once, when there are modules to serve. */
  mount(handlers: HttpHandlers): void;
  /**
   * Starts to listen; answers the port.
   *
   * @throws {ConfigError} when PORT and HOST cannot be listened on.
   */
  listen(at: ListenConfig): Promise<number>;
}

/** Makes the HTTP server. It answers only what is mounted later; Socket.IO needs it before that. */
export const createHttpServer = ({
  config,
  logger,
  metrics,
}: {
  config: Pick<Config, 'corsOrigins' | 'httpConnectionsPerAddress' | 'nodeEnv' | 'trustProxy'>;
  logger: Logger;
  metrics: Metrics;
}): HttpSide => {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', trustProxy(config.trustProxy));
  app.set('query parser', 'simple');
  app.use((req, _res, next) => {
    plainForwarded(req);
    next();
  });
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
  app.use(cors(corsOptions(config)));
  const timeouts = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: ARRIVAL_MS,
    headersTimeout: HEADERS_MS,
    connectionsCheckingInterval: CHECK_MS,
  };
  const server = createServer(timeouts, app).setTimeout(SILENCE_MS);
  limitHttpConnections(server, config, metrics);
  return {
    server,
    mount: ({ health, routers, onError }) => {
      app.use(health);
      for (const router of routers) app.use(router);
      app.use(notFoundHandler);
      app.use(errorHandler(logger, metrics, onError));
    },
    listen: (at) => listenOn(server, at, logger),
  };
};

const listenOn = (server: Server, config: ListenConfig, logger: Logger): Promise<number> =>
  new Promise((resolve, reject) => {
    const { port } = config;
    const address = listenAddress(config);
    const refuse = (error: Error) => {
      reject(
        new ConfigError([
          `PORT ${port} and HOST ${address} cannot be listened on: ${error.message}`,
        ]),
      );
    };
    server.once('error', refuse);
    server.listen(port, address, () => {
      server.off('error', refuse);
      // An accept that fails, for want of memory or by a firewall, concerns one connection.
      server.on('error', (error) => {
        logger.error({ err: error }, 'a connection could not be accepted');
      });
      resolve((server.address() as AddressInfo).port);
    });
  });
