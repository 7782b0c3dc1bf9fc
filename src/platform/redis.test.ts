import { expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.js';
import { silentLogger } from '../../test/support/logger.js';
import { freePort } from '../../test/support/parley-process.js';
import { RedisClients } from './redis.js';

const timers = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

it('the Redis clients keep the process alive for less than a second after they were closed without a Redis', async () => {
  const clients = new RedisClients(`redis://127.0.0.1:${await freePort()}`, silentLogger());
  const before = timers();
  const purposes = ['publish', 'subscribe', 'limits', 'presence'] as const;
  await Promise.all(
    purposes.map(
      (purpose) =>
        new Promise<void>((resolve) => {
          clients.client(purpose).once('reconnecting', () => {
            resolve();
          });
        }),
    ),
  );
  clients.close();
  const closedAt = performance.now();
  await eventually(() => timers() <= before);
  expect(performance.now() - closedAt).toBeLessThan(1000);
});
