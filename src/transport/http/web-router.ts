import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RequestHandler } from 'express';
import express, { Router } from 'express';
import type { Config } from '../../config/index.js';

/** Where the build puts the chat client and the console, seen from the sources and from the built server alike. */
const BUILT_WEB = fileURLToPath(new URL('../../../packages/web/dist', import.meta.url));
/** Each page, and the address below which it answers every address. */
const PAGES = { '/app': 'app.html', '/admin': 'admin.html' };
/** Compressed copies that the build puts beside a file, best first. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;
const HASHED = { maxAge: '365d', immutable: true };

type PolicyConfig = Pick<Config, 'mediaExternalHosts' | 's3Endpoint'>;

/**
 * What the pages may load: scripts and styles from our own files alone. Pictures, films and sound may lie on other
 * hosts: those of `MEDIA_EXTERNAL_HOSTS`, and those of the stores, to which files are also uploaded.
 */
export const webPolicy = ({ mediaExternalHosts, s3Endpoint }: PolicyConfig): string => {
  const stores = [
    'https://*.imagekit.io',
    'https://*.cloudinary.com',
    ...(s3Endpoint === undefined ? ['https://*.amazonaws.com'] : [new URL(s3Endpoint).origin]),
  ];
  const hosts = mediaExternalHosts
    .split(',')
    .map((host) => host.trim())
    .filter((host) => host !== '' && host !== 'none');
  const media = hosts.includes('*') ? ['https:'] : hosts.map((host) => `https://${host}`);
  const sources = ["'self'", 'blob:', ...new Set([...stores, ...media])].join(' ');
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    `img-src ${sources} data:`,
    `media-src ${sources}`,
    `connect-src 'self' blob: ${stores.join(' ')}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
};

/** Answers with a compressed copy of the file where there is one that the browser takes. */
const compressed =
  (folder: string): RequestHandler =>
  (req, res, next) => {
    const accepted = req.acceptsEncodings();
    const [path = '', query] = req.url.split('?');
    const found = ENCODINGS.find(
      ([name, end]) => accepted.includes(name) && existsSync(join(folder, `${path}${end}`)),
    );
    res.vary('Accept-Encoding');
    if (found && !path.includes('..')) {
      const [name, end] = found;
      res.type(path.slice(path.lastIndexOf('.'))).setHeader('Content-Encoding', name);
      req.url = `${path}${end}${query === undefined ? '' : `?${query}`}`;
    }
    next();
  };

/**
 * Serves the chat client at `/app` and the admin console at `/admin`. Their files have hashes for names and are kept
 * for ever; the pages themselves are asked for anew each time. Every address below them answers with the page, which
 * shows what the address says. Whoever opens the server's bare address is sent to the chat client.
 *
 * @param folder where they are built; until they are, there is nothing at these addresses.
 */
export const createWebRouter = (config: PolicyConfig, folder = BUILT_WEB): Router => {
  const policy = webPolicy(config);
  const router = Router();
  router.get('/', (_req, res) => {
    res.redirect('/app');
  });
  for (const name of ['assets', 'emoji']) {
    const files = join(folder, name);
    const options = {
      index: false,
      redirect: false,
      ...(name === 'assets' ? HASHED : { maxAge: '1d' }),
    };
    router.use(`/app/${name}`, compressed(files), express.static(files, options), (_req, res) => {
      res.sendStatus(404);
    });
  }
  for (const [address, file] of Object.entries(PAGES)) {
    router.get([address, `${address}/*rest`], (_req, res, next) => {
      res.setHeader('Content-Security-Policy', policy);
      res.setHeader('Cache-Control', 'no-cache');
      res.sendFile(file, { root: folder, cacheControl: false }, (error) => {
        // Not built, or the browser is gone.
        if (error && !res.headersSent) next();
      });
    });
  }
  return router;
};
