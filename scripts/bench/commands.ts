import type { OperationCosts } from '../../test/support/counted-operations.js';
import { countOperations } from '../../test/support/counted-operations.js';
import { databaseCommands } from '../../test/support/operation-counts.js';
import startDatabase from '../../test/support/database.js';
import stopDatabase from '../../test/support/database-teardown.js';
import { startRedis } from '../../test/support/redis-process.js';

const print = (title: string, costs: OperationCosts[]): void => {
  console.log(`\n${title}, for each operation`);
  const rows = costs.map(({ name, times, counts }) => {
    const each = (sum: number): string => (sum / times).toFixed(2);
    const commands = Object.entries(counts.database).map(
      ([command, count]) => `${each(count)} ${command}`,
    );
    return [
      name,
      each(databaseCommands(counts)),
      each(counts.redis),
      each(counts.socketWrites),
      (counts.socketBytes / times).toFixed(0),
      commands.join(', '),
    ];
  });
  const header = ['', 'database', 'redis', 'writes', 'bytes', 'commands'];
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => row[column]!.length)),
  );
  for (const row of [header, ...rows]) {
    const cells = row.map((cell, column) =>
      column === 0 || column === 5 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
    );
    console.log(cells.join('   ').trimEnd());
  }
};

/**
 * Commands to the database and to Redis, writes to clients' sockets and bytes in them: for one node, and for two
 * with a Redis. No other load on the machine changes them.
 */
export const bench = async (): Promise<void> => {
  await startDatabase();
  try {
    print('one node', await countOperations());
    const redis = await startRedis();
    try {
      print('two nodes and Redis', await countOperations({ redisUrl: redis.url }));
    } finally {
      await redis.kill();
    }
  } finally {
    await stopDatabase();
  }
};
