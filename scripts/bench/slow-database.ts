import { rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { databaseTarget, throughProxy } from '../../test/support/database-target.js';
import { TcpProxy } from '../../test/support/tcp-proxy.js';
import { loadOfCouples } from './couples.js';
import type { LoadResult } from './load.js';
import { percentile } from './load.js';
import { startServices } from './own-services.js';
import { startParley } from './parley-target.js';

const PAIRS = 50;
const PER_SECOND = 300;
const SECONDS = 10;
const FROZEN_MS = 5000;
/** The database's deadline, the request's, and some more: whoever has no answer by then gets none. */
const GRACE_MS = 12_000;
const WATCH = join(tmpdir(), `parley-loop-watch-${process.pid}.sock`);

/** The most since the last question, in milliseconds. */
interface Lag {
  /** How late the event loop came round. */
  late: number;
  /** How long it was at work between two looks: no more of the lag is the process' own doing. */
  busy: number;
}

/** What the database does to the answers. */
const PHASES: [name: string, begin: (proxy: TcpProxy) => void][] = [
  ['as it is', (proxy) => proxy.set('pass')],
  ['100 ms later', (proxy) => proxy.set('delay', 50)],
  ['500 ms later', (proxy) => proxy.set('delay', 250)],
  [
    'frozen for 5 s',
    (proxy) => {
      proxy.set('freeze');
      setTimeout(() => {
        proxy.set('pass');
      }, FROZEN_MS);
    },
  ],
];

const lagNow = async (): Promise<Lag> => JSON.parse(await text(createConnection(WATCH))) as Lag;

const isWell = async (url: string): Promise<boolean> => {
  const { status } = (await (await fetch(`${url}/health`)).json()) as { status: string };
  return status === 'ok';
};

const print = (name: string, result: LoadResult, lag: Lag): void => {
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  console.log(
    `\n${name}: event loop late by at most ${ms(lag.late)}, of which at work at most ${ms(lag.busy)}`,
  );
  const share = ((result.acknowledged / result.sent) * 100).toFixed(1);
  console.log(
    `  acknowledged ${share} % of ${result.sent}, p50 ${ms(result.ackP50)}, p99 ${ms(result.ackP99)}; ` +
      `delivered ${result.delivered}, p99 ${ms(result.deliverP99)}`,
  );
  for (const [code, times] of result.refusals) {
    console.log(
      `  refused as ${code} ${times.length}, after p50 ${ms(percentile(times, 0.5))}, at most ${ms(percentile(times, 1))}`,
    );
  }
  const unanswered = result.sent - result.acknowledged - result.refused;
  console.log(`  without an answer ${unanswered}`);
};

/**
 * What a database that answers late does to the process, beside the same one as it is: how far the event
 * loop lags behind, and what becomes of the sends.
 */
export const bench = async (): Promise<void> => {
  const services = await startServices();
  const uri = services.env.MONGODB_URI;
  const proxy = await TcpProxy.start(databaseTarget(uri));
  const parley = await startParley({
    MONGODB_URI: throughProxy(uri, proxy),
    NODE_OPTIONS: '--import ./scripts/bench/loop-watch.mjs',
    LOOP_WATCH: WATCH,
  });
  const { url } = parley.server;
  try {
    const load = { pairs: PAIRS, perSecond: PER_SECOND, graceMs: GRACE_MS };
    const talk = await loadOfCouples(parley, load);
    await talk.run(5);
    for (const [name, begin] of PHASES) {
      proxy.set('pass');
      while (!(await isWell(url))) await delay(100);
      await lagNow();
      begin(proxy);
      const result = await talk.run(SECONDS);
      print(name, result, await lagNow());
    }
  } finally {
    proxy.set('pass');
    await parley.stop();
    await proxy.close();
    await services.stop();
    await rm(WATCH, { force: true });
  }
};
