import { setTimeout as delay } from 'node:timers/promises';
import { TcpProxy } from '../../test/support/tcp-proxy.js';
import type { ProxyMode } from '../../test/support/tcp-proxy.js';
import { loadOfCouples } from './couples.js';
import { startServices } from './own-services.js';
import { startParley } from './parley-target.js';

const PAIRS = 10;
const PER_SECOND = 20;
const SECONDS = 15;
/** On, and never reached: so every send asks Redis where it stands. */
const LIMITS = { RATE_LIMIT_MESSAGES_PER_MINUTE: '1000000' };

const isWell = async (url: string): Promise<boolean> => {
  const { status } = (await (await fetch(`${url}/health`)).json()) as { status: string };
  return status === 'ok';
};

/** How long sends and same-node deliveries take while Redis is well, gone, frozen, slow. */
export const bench = async (): Promise<void> => {
  const services = await startServices();
  const target = new URL(services.env.REDIS_URL);
  const proxy = await TcpProxy.start({ host: target.hostname, port: Number(target.port) });
  const parley = await startParley({
    MONGODB_URI: services.env.MONGODB_URI,
    REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
    ...LIMITS,
  });
  try {
    const talk = await loadOfCouples(parley, { pairs: PAIRS, perSecond: PER_SECOND });
    await talk.run(3);
    for (const mode of ['pass', 'freeze', 'delay', 'cut'] satisfies ProxyMode[]) {
      // Each fault finds connections that stand.
      proxy.set('pass');
      while (!(await isWell(parley.server.url))) await delay(100);
      proxy.set(mode);
      const result = await talk.run(SECONDS);
      const times = [result.ackP50, result.ackP99, result.deliverP99].map((ms) => ms.toFixed(0));
      console.log(
        `${mode.padEnd(6)} send→ack p50 ${times[0]} ms, p99 ${times[1]} ms; delivery p99 ${times[2]} ms; ` +
          `refused ${result.refused}, not delivered ${result.sent - result.delivered}`,
      );
    }
  } finally {
    proxy.set('pass');
    await parley.stop();
    await proxy.close();
    await services.stop();
  }
};
