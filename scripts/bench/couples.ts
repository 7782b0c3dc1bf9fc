import type { Account, ParleyTarget, StallingPeer } from './parley-target.js';
import type { Stopwatch } from './load.js';
import { inParallel } from './target.js';

/** Two people with a chat, one of whom sends while the other hears. */
export interface Couple {
  chatId: string;
  accounts: [Account, Account];
  sender: StallingPeer;
}

/** Connects pairs of people; what the second hears is counted by the stopwatch. */
export const connectCouples = (
  parley: ParleyTarget,
  count: number,
  stopwatch: Stopwatch,
  receiverUrl?: string,
): Promise<Couple[]> =>
  inParallel(Array.from({ length: count }), 10, async () => {
    const accounts: [Account, Account] = [await parley.register(), await parley.register()];
    const chatId = await parley.openChat(...accounts);
    const sender = await parley.enter(accounts[0], chatId);
    const receiver = await parley.enter(accounts[1], chatId, receiverUrl);
    receiver.onMessage((content) => {
      stopwatch.hear(content);
    });
    return { chatId, accounts, sender };
  });
