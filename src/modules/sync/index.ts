import type { AnyRoute } from '../../transport/http/route.js';
import type { AnyCommand } from '../../transport/socket/command.js';
import type { Clock } from '../../shared/clock.js';
import type { SyncAnswer } from '../../api/native/sync/sync.commands.js';
import { syncCommands } from '../../api/native/sync/sync.commands.js';
import { presentSync } from '../../api/native/sync/sync.shapes.js';
import { syncRoutes } from '../../api/native/sync/sync.routes.js';
import type { SyncParts } from './sync.js';
import { Sync } from './sync.js';

export { VersionDigest } from './version-digest.js';
export type { HeadDigestParts } from './version-digest.js';

/** Builds the sync module. */
export const createSyncModule = (
  parts: SyncParts & { clock: Clock },
): { routes: AnyRoute[]; commands: AnyCommand[] } => {
  const sync = new Sync(parts);
  const answer: SyncAnswer = async (actor, request) => {
    const result = await sync.sync(actor, request);
    const states = result.chats.map(({ state }) => state);
    return presentSync(result, await parts.list.viewsOf(actor, states), parts.clock.now());
  };
  return { routes: syncRoutes(answer), commands: syncCommands(answer) };
};
