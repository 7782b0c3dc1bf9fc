import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../src/config/index.js';
import { createApp } from '../src/app.js';
import { startEmbeddedDb } from '@parley-chat/embedded-mongo';
import { createLogger } from '../src/platform/logger.js';
import type { Surface } from './api-documentation.js';

/**
 * Every endpoint and command of a node with the default settings: built as the server builds it, never
 * listening.
 */
export const listSurface = async (): Promise<Surface> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-routes-'));
  const config = loadConfig({ DATA_DIR: dataDir, LOG_LEVEL: 'error' });
  const database = await startEmbeddedDb({ dataDir });
  try {
    const logger = createLogger(config);
    const node = await createApp({ config, mongodbUri: database.uri, logger });
    await node.shutdown.run();
    const { routes, commands, subscriptions, renderings, serverEvents } = node;
    return { routes, commands, subscriptions, renderings, serverEvents };
  } finally {
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  }
};
