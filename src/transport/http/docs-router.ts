import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Router } from 'express';
import type { DocumentedEvent } from './openapi.js';
import type { Documentation } from './operation-notes.js';
import { createOpenApi } from './openapi.js';
import type { AnyRoute } from './route.js';

/** Nothing inline: the page works under the server's strict content security policy. */
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Parley API</title>
    <link rel="icon" type="image/png" href="/api/docs/favicon-32x32.png" />
    <link rel="stylesheet" href="/api/docs/swagger-ui.css" />
  </head>
  <body>
    <p><a href="/api/docs/events">What is said over sockets: commands and events</a></p>
    <div id="docs"></div>
    <noscript>The specification is at <a href="/api/docs/openapi.json">openapi.json</a>.</noscript>
    <script src="/api/docs/swagger-ui-bundle.js"></script>
    <script src="/api/docs/start.js"></script>
  </body>
</html>
`;

/** Sections are closed at first: with nearly two hundred routes open at once, the page shows only some of them. */
const START = `SwaggerUIBundle({
  url: '/api/docs/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  docExpansion: 'none',
  persistAuthorization: true,
});
`;

/** The only files of swagger-ui-dist that the page asks for. */
const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

/** The server's version, from package.json. */
export const packageVersion = (): string => {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
};

/** The folder of swagger-ui-dist. */
const swaggerUi = (): string =>
  dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/**
 * Serves the documentation of the routes: a page at `/api/docs`, the OpenAPI document at
 * `/api/docs/openapi.json`.
 */
export const createDocsRouter = (
  routes: AnyRoute[],
  assets = swaggerUi(),
  events: readonly DocumentedEvent[] = [],
  documentation?: Documentation,
): Router => {
  // Made when first asked for: a start need not wait for it.
  let document: string | undefined;
  const router = Router();
  router.get('/api/docs', (_req, res) => {
    res.type('html').send(PAGE);
  });
  router.get('/api/docs/openapi.json', (_req, res) => {
    document ??= JSON.stringify(createOpenApi(routes, packageVersion(), events, documentation));
    res.type('json').send(document);
  });
  router.get('/api/docs/start.js', (_req, res) => {
    res.type('js').send(START);
  });
  for (const name of ASSETS) {
    router.get(`/api/docs/${name}`, (_req, res) => {
      // By its root, or a folder with a dot above it, such as ~/.npm, would count as hidden.
      res.sendFile(name, { root: assets, maxAge: '1d' });
    });
  }
  return router;
};
