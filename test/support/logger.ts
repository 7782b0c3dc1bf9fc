import { createLogger } from '../../src/platform/logger.js';
import type { Logger } from '../../src/platform/logger.js';

/** A logger that writes nothing. */
export const silentLogger = (): Logger => createLogger({ logLevel: 'silent', nodeEnv: 'test' });
