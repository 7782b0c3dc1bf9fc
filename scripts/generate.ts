/**
 * `npm run generate` writes what follows from the sources: `.env.example`, `docs/configuration.md`,
 * `docs/API_DOCUMENTATION.md`, `docs/CHAT_QUICK_REFERENCE.md`, `docs/events.md`, `docs/openapi.json`, `docs/asyncapi.json`, `docs/dialects` and the types of the
 * socket protocol. With `--check` (`npm run check:generated`) it writes nothing, and fails when a
 * file is not what it would write.
 */
import { readFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { documentation } from '../src/api/documentation/index.js';
import { webhookEvents } from '../src/api/native/index.js';
import { errorBodySchema } from '../src/api/shared/event.schemas.js';
import { createAsyncApi } from '../src/transport/socket/asyncapi.js';
import { createProtocolModel } from '../src/transport/socket/protocol-model.js';
import { createOpenApi } from '../src/transport/http/openapi.js';
import { configurationPage, envExample } from './configuration-docs.js';
import { differing, write } from './generated-files.js';
import type { GeneratedFile } from './generated-files.js';
import { apiDocumentation, quickReference } from './api-documentation.js';
import { dialectPage } from './dialect-pages.js';
import { eventsPage, listEmitters } from './event-list.js';
import { protocolTypes } from './protocol-types.js';
import { createCollection } from './postman/collection.js';
import { listSurface } from './route-list.js';

/** The page as `npm run format` would leave it. */
const formatted = async (path: string, content: string): Promise<string> =>
  format(content, { ...(await resolveConfig(path)), filepath: path });

const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
const surface = await listSurface();
const openApi = createOpenApi(surface.routes, version, webhookEvents, documentation);
const page = async (path: string, content: string): Promise<GeneratedFile> => ({
  path,
  content: await formatted(path, content),
});
const protocol = createProtocolModel({ ...surface, errorBody: errorBodySchema });
const files: GeneratedFile[] = [
  // The server may not depend on the client's package, nor the other way round: each has its copy.
  await page('src/transport/socket/protocol.ts', protocolTypes(protocol)),
  await page('packages/client/src/protocol.ts', protocolTypes(protocol)),
  { path: '.env.example', content: envExample() },
  await page('docs/configuration.md', configurationPage()),
  await page('docs/API_DOCUMENTATION.md', apiDocumentation(surface, openApi)),
  await page('docs/CHAT_QUICK_REFERENCE.md', quickReference(surface)),
  await page('docs/events.md', eventsPage(surface, await listEmitters())),
  ...(await Promise.all(
    protocol.dialects.map((dialect) =>
      page(`docs/dialects/${dialect.name}.md`, dialectPage(dialect)),
    ),
  )),
  {
    path: 'docs/asyncapi.json',
    content: `${JSON.stringify(createAsyncApi(protocol, version), null, 2)}\n`,
  },
  {
    path: 'docs/parley.postman_collection.json',
    content: `${JSON.stringify(createCollection(openApi), null, 2)}\n`,
  },
  { path: 'docs/openapi.json', content: `${JSON.stringify(openApi, null, 2)}\n` },
];

if (process.argv.includes('--check')) {
  const stale = await differing(files);
  if (stale.length > 0) {
    console.error(`Not up to date: ${stale.join(', ')}. Run: npm run generate`);
    process.exitCode = 1;
  }
} else {
  for (const path of await write(files)) console.log(`wrote ${path}`);
}
