import type { SyncRequest } from '../../../modules/sync/index.js';
import type { Actor } from '../../../shared/actor.js';
import type { UseCases } from '../../shared/use-cases.js';
import { presentSync } from './sync.shapes.js';

/** Syncs and presents: what REST and the socket both answer. */
export const syncCall =
  ({ sync, list, clock }: UseCases) =>
  async (actor: Actor, request: SyncRequest) => {
    const result = await sync.sync(actor, request);
    const states = result.chats.map(({ state }) => state);
    return presentSync(result, await list.viewsOf(actor, states), clock.now());
  };
