import type { AnyRoute } from '../../http/route.js';
import type { AnyCommand } from '../../realtime/command.js';
import type { Clock } from '../../shared/clock.js';
import type { SyncAnswer } from './sync.gateway.js';
import { syncCommands } from './sync.gateway.js';
import { presentSync } from './sync.presenter.js';
import { syncRoutes } from './sync.routes.js';
import type { SyncParts } from './sync.service.js';
import { Sync } from './sync.service.js';

export { VersionDigest } from './head-digest.js';
export type { HeadDigestParts } from './head-digest.js';

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
