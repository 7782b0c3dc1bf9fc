import { ChaosClient } from './chaos-client.js';
import type { ChaosDevice } from './chaos-device.js';
import { ChaosCluster } from './chaos-cluster.js';
import { SETTLE_MS, api, register } from './chaos-people.js';
import type { FaultName } from './faults.js';
import { FAULTS } from './faults.js';
import type { LoggedMessage } from './history-checker.js';
import { violations } from './history-checker.js';
import { Random } from '../support/random.js';
import { SdkDevice } from './sdk-device.js';

/** What to do, and how long. */
export interface ChaosOptions {
  seed: number;
  /** How long faults go on under load, in seconds. */
  seconds: number;
  /** Ends the run earlier, after so many faults. */
  maxFaults?: number;
  nodes: number;
  /** A database server to use; absent or empty: an embedded one, which can be killed too. */
  mongodbUri?: string | undefined;
  faults: FaultName[];
  /** Pairs of people with a chat; each has two devices, one of which runs the client SDK. */
  pairs: number;
  /** Sends of all clients together, per second. */
  sendsPerSecond: number;
  log?(line: string): void;
}

/** What a run has shown. */
export interface ChaosReport {
  seed: number;
  sends: number;
  acknowledged: number;
  /** Faults that were let happen, by name. */
  faults: Record<string, number>;
  /** Messages in all logs together. */
  written: number;
  /** Broken promises; empty is good. */
  violations: string[];
}

/** How often a device changes nodes. */
const MOVES_PER_SEND = 0.05;

const withDeadline = async (what: string, work: Promise<unknown>): Promise<string[]> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string[]>((resolve) => {
    timer = setTimeout(() => {
      resolve([`${what} did not come to an end within ${SETTLE_MS} ms`]);
    }, SETTLE_MS);
  });
  const done = work.then(() => []);
  return Promise.race([done, late]).finally(() => {
    clearTimeout(timer);
  });
};

/** Runs nodes under load and faults, then compares what everybody was told with the log. */
export const runChaos = async (options: ChaosOptions): Promise<ChaosReport> => {
  const random = new Random(options.seed);
  const cluster = await ChaosCluster.start(options.nodes, options.mongodbUri || undefined);
  const clients: ChaosDevice[] = [];
  try {
    const chats: { chatId: string; clients: ChaosDevice[]; token: string }[] = [];
    const home = cluster.addresses()[0]!;
    const homes = cluster.homes();
    let bound = 0;
    for (let i = 0; i < options.pairs; i++) {
      const [a, b] = await Promise.all([register(home, `alice${i}`), register(home, `bob${i}`)]);
      const { id: chatId } = await api<{ id: string }>(home, '/api/chats/or-create', a.token, {
        recipientId: b.id,
      });
      await api(home, `/api/chats/${chatId}/accept`, b.token, {});
      const devices = [a, a, b, b].map((person, device): ChaosDevice => {
        const name = `pair ${i} device ${device}`;
        // Every person has one device with the SDK, and one that goes to whatever node there is.
        return device % 2 === 0
          ? new SdkDevice(`${name} (SDK)`, person, [chatId], homes[(bound += 1) % homes.length]!)
          : new ChaosClient(
              name,
              person.token,
              [chatId],
              () => cluster.addresses(),
              new Random(random.between(1, 2 ** 31)),
            );
      });
      clients.push(...devices);
      chats.push({ chatId, clients: devices, token: a.token });
    }
    for (const client of clients) client.connect();

    let sent = 0;
    const load = setInterval(() => {
      const { chatId, clients: devices } = random.pick(chats);
      const clientMessageId = `seed-${options.seed}-${(sent += 1)}`;
      const device = random.pick(devices);
      device.send({ clientMessageId, chatId, content: `message ${sent}` });
      if (random.next() < MOVES_PER_SEND) random.pick(devices).move();
    }, 1000 / options.sendsPerSecond);

    const faults = await letFaultsHappen(cluster, random, options);
    clearInterval(load);
    const stuck = await withDeadline(
      'sending',
      Promise.all(clients.map((client) => client.allAcknowledged())),
    );
    const unread = await withDeadline(
      'reading',
      Promise.all(clients.map((client) => client.catchUpAll())),
    );
    const logs = new Map<string, LoggedMessage[]>();
    if (cluster.addresses().length === 0) throw new Error(cluster.deaths.join('\n'));
    for (const { chatId, token } of chats) {
      logs.set(chatId, await readLog(cluster.addresses()[0]!, chatId, token));
    }
    const sends = clients.flatMap((client) => client.sends);
    const broken = [
      ...cluster.deaths,
      ...stuck,
      ...unread,
      ...violations({ sends, logs, devices: clients }),
    ];
    if (broken.length > 0) options.log?.(await cluster.describe());
    return {
      seed: options.seed,
      sends: sends.length,
      acknowledged: sends.filter(({ acknowledged }) => acknowledged).length,
      faults,
      written: [...logs.values()].reduce((sum, log) => sum + log.length, 0),
      violations: broken,
    };
  } finally {
    for (const client of clients) client.stop();
    await cluster.stop();
  }
};

const letFaultsHappen = async (
  cluster: ChaosCluster,
  random: Random,
  { seconds, faults: names, maxFaults = Infinity, log }: ChaosOptions,
): Promise<Record<string, number>> => {
  const possible = names.filter((name) => name !== 'database-kill' || cluster.ownsDatabase);
  const happened: Record<string, number> = {};
  const end = Date.now() + seconds * 1000;
  let count = 0;
  while (Date.now() < end && count < maxFaults) {
    await new Promise((resolve) => setTimeout(resolve, random.between(100, 700)));
    const name = random.pick(possible);
    log?.(`${(count += 1)}: ${name}`);
    await FAULTS[name](cluster, random);
    happened[name] = (happened[name] ?? 0) + 1;
  }
  return happened;
};

const readLog = async (url: string, chatId: string, token: string): Promise<LoggedMessage[]> => {
  const log: LoggedMessage[] = [];
  for (;;) {
    const page = await api<LoggedMessage[]>(
      url,
      `/api/chats/${chatId}/messages?limit=200&after=${log.length}`,
      token,
    );
    if (page.length === 0) return log;
    log.push(...page);
  }
};
