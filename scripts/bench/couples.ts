import type { Account, ParleyTarget, StallingPeer } from './parley-target.js';
import { Stopwatch, applyLoad } from './load.js';
import type { Load, LoadResult } from './load.js';
import { inParallel } from './target.js';

/** Two people with a chat, one of whom sends while the other hears. */
export interface Couple {
  chatId: string;
  accounts: [Account, Account];
  sender: StallingPeer;
}

/** How many couples, how fast they send, and where the second of each is connected if not with the first. */
export interface CouplesLoad extends Pick<Load, 'perSecond' | 'graceMs'> {
  pairs: number;
  receiverUrl?: string;
}

/** Connects pairs of people; what the second hears is counted by the stopwatch. */
const connectCouples = (
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

/** Couples that are ready to talk. */
export interface Talk {
  couples: Couple[];
  /** Lets them send for some seconds. */
  run(seconds: number): Promise<LoadResult>;
}

/** Connects couples that send so many messages a second, all together, whenever they are let. */
export const loadOfCouples = async (
  parley: ParleyTarget,
  { pairs, receiverUrl, ...load }: CouplesLoad,
): Promise<Talk> => {
  const stopwatch = new Stopwatch();
  const couples = await connectCouples(parley, pairs, stopwatch, receiverUrl);
  const senders = couples.map(({ sender }) => sender);
  return {
    couples,
    run: (seconds) =>
      applyLoad({ server: parley.server, senders, audience: 1, ...load, seconds }, stopwatch),
  };
};
