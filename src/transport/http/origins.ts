import type { IncomingMessage } from 'node:http';
import type { Config } from '../../config/index.js';

/** Which origins browsers may call from: those configured, or any in development. */
export const corsOrigin = (config: Pick<Config, 'corsOrigins' | 'nodeEnv'>): string[] | boolean =>
  config.corsOrigins.length > 0 ? config.corsOrigins : config.nodeEnv !== 'production';

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
