import type { Connection } from 'mongoose';
import type { Freshness } from '../../platform/cached-lookup.js';
import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { Job } from '../../platform/jobs.js';
import type { Logger } from '../../platform/logger.js';
import { SecretBox } from '../../platform/secret-box.js';
import type { Clock } from '../../shared/clock.js';
import type { OnceCalls, ServerAuthenticator } from '../../shared/server-caller.js';
import type { AccessChangeEvents, AccessChangePoster } from '../access-changes/index.js';
import type { AuditTrail } from '../users/index.js';
import { StoredOnceCalls } from './once-calls.js';
import type { ServerKeyEvents } from './server-keys.events.js';
import { OnceCallsRepository, ServerKeysRepository } from './server-keys.repository.js';
import { ServerKeyAuthenticator, ServerKeys } from './server-keys.js';

export type { ServerKeyEvents } from './server-keys.events.js';
export { defineServerKeyModels } from './server-keys.repository.js';
export type { ServerKeyRecord } from './server-keys.repository.js';
export type { KeyQuery, NewKeyInput, ServerKeys } from './server-keys.js';

/** How often the last uses of keys are stored, in milliseconds. */
const STORE_USES_MS = 60_000;

/** The module of server keys, built. */
export interface ServerKeysModule {
  api: {
    keys: ServerKeys;
    /** Recognises the key of a call. */
    authenticator: ServerAuthenticator;
    /** Does what a key asks for once per `Idempotency-Key`. */
    onceCalls: OnceCalls;
  };
  subscriptions: Subscription<ServerKeyEvents & AccessChangeEvents>[];
  jobs: Job[];
  /** Stores the last uses of keys. */
  close(): Promise<void>;
}

/**
 * Builds the module of server keys.
 *
 * @param deps.connection has the module's models.
 */
export const createServerKeys = ({
  connection,
  bus,
  clock,
  logger,
  accessChanges,
  freshness,
  audit,
  secret,
}: {
  connection: Connection;
  bus: Publisher<ServerKeyEvents>;
  clock: Clock;
  logger: Logger;
  accessChanges: AccessChangePoster;
  /** Confirms the keys that are remembered. */
  freshness: Freshness;
  audit: Pick<AuditTrail, 'during'>;
  /** The server's own, from which the key of stored answers is made. */
  secret: string;
}): ServerKeysModule => {
  const keys = new ServerKeysRepository(connection);
  const authenticator = new ServerKeyAuthenticator(keys, clock, freshness);
  return {
    api: {
      keys: new ServerKeys({ keys, audit, bus, accessChanges, clock }),
      authenticator,
      onceCalls: new StoredOnceCalls(
        new OnceCallsRepository(connection),
        new SecretBox(secret, 'answers to server calls'),
        clock,
        logger,
      ),
    },
    subscriptions: authenticator.subscriptions,
    jobs: [
      { name: 'server-key-uses', everyMs: STORE_USES_MS, run: () => authenticator.storeUses() },
    ],
    close: () => authenticator.storeUses(),
  };
};
