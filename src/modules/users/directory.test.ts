import { expect, it } from '@jest/globals';
import { UserDirectory } from './directory.js';
import type { UsersRepository } from './users.repository.js';

/** Of many who go together, the first writes and the others wait for it, each time. */
const FEW_WRITES = 12;

it('stores when a thousand people left in a few writes, of each the latest time', async () => {
  const stored = new Map<string, Date>();
  let writes = 0;
  const users = {
    setLastSeen: (left: Map<string, Date>) => {
      writes += 1;
      for (const [userId, at] of left) stored.set(userId, at);
      return Promise.resolve();
    },
  } as unknown as UsersRepository;
  const directory = new UserDirectory(users);
  const userIds = Array.from({ length: 1000 }, (_, n) => `user ${n}`);
  const [early, late] = [new Date(1000), new Date(2000)];
  await Promise.all(
    userIds.flatMap((userId) => [
      directory.setLastSeen(userId, late),
      directory.setLastSeen(userId, early),
    ]),
  );
  expect([...stored.keys()].sort()).toEqual(userIds.sort());
  expect(new Set(stored.values())).toEqual(new Set([late]));
  expect(writes).toBeLessThanOrEqual(2 * FEW_WRITES);
});
