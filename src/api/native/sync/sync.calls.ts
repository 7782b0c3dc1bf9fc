import type { Actor } from '../../../shared/actor.js';
import type { UseCases } from '../../shared/use-cases.js';
import type { SyncInput } from './sync.schemas.js';
import { presentSync } from './sync.shapes.js';

/** Syncs and presents: what REST and the socket both answer. */
export const syncCall =
  ({ sync, list, clock }: UseCases) =>
  async (actor: Actor, { given, ...request }: SyncInput) => {
    const { removed, ...result } = await sync.sync(actor, request);
    const states = result.chats.map(({ state }) => state);
    const named = { ...result, removed: removed.map((chatId) => given?.get(chatId) ?? chatId) };
    return presentSync(named, await list.viewsOf(actor, states), clock.now());
  };
