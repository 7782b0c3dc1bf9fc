import type { IncomingMessage } from 'node:http';
import type { CorsOptions } from 'cors';
import type { Config } from '../../config/index.js';

/** Which origins browsers may call from: those configured, or any in development. */
const corsOrigin = (config: Pick<Config, 'corsOrigins' | 'nodeEnv'>): string[] | boolean =>
  config.corsOrigins.length > 0 ? config.corsOrigins : config.nodeEnv !== 'production';

/** Headers of answers that pages of other origins may read, beside the few that they always may. */
const EXPOSED = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Range',
  'ETag',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-Request-Id',
];

/**
 * The CORS headers for pages of other origins, over HTTP and where Socket.IO polls. Tokens travel in a
 * header or a body, so the server takes no account of cookies; but pages whose requests have `credentials`
 * set, as some Socket.IO and axios set-ups do, are blocked unless it says that they may.
 */
export const corsOptions = (
  config: Pick<Config, 'corsOrigins' | 'nodeEnv'>,
): ((
  req: { headers: IncomingMessage['headers'] },
  tell: (error: Error | null, options: CorsOptions) => void,
) => void) => {
  const origin = corsOrigin(config);
  return ({ headers }, tell) => {
    const isAllowed =
      origin === true || (origin !== false && origin.includes(headers.origin ?? ''));
    tell(null, { origin, credentials: isAllowed, exposedHeaders: EXPOSED });
  };
};

const hostOf = (url: string): string | undefined =>
  URL.canParse(url) ? new URL(url).hostname : undefined;

/**
 * Whether a page may open a socket. Browsers ask beforehand only for requests, not for websockets, so the
 * server has to look. What is no page says no origin; a page, or an application, of the server's own host
 * is not a foreign one.
 */
export const mayConnect = (
  config: Pick<Config, 'corsOrigins' | 'nodeEnv'>,
): ((req: IncomingMessage) => boolean) => {
  const allowed = corsOrigin(config);
  return ({ headers: { origin, host } }) => {
    if (origin === undefined || allowed === true) return true;
    if (allowed !== false && allowed.includes(origin)) return true;
    const from = hostOf(origin);
    return from !== undefined && from === hostOf(`http://${host ?? ''}`);
  };
};
