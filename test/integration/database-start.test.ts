/** The start of a node whose database goes away in the middle of it. */
import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import type { Connection } from 'mongoose';
import { defineLeaseModels } from '../../src/platform/leases.js';
import { silentLogger } from '../support/logger.js';
import { connectDatabase } from '../../src/platform/mongo.js';
import { databaseTarget, throughProxy } from '../support/database-target.js';
import { TcpProxy } from '../support/tcp-proxy.js';

it('a node that starts waits for a database that goes away between the building of indexes and its first use', async () => {
  const uri = new URL(process.env.TEST_MONGODB_URI!);
  uri.pathname = `/start_${randomUUID().slice(0, 8)}`;
  const proxy = await TcpProxy.start(databaseTarget(uri.href));
  const logger = silentLogger();
  let connections = 0;
  let failures = 0;
  const defineModels = (connection: Connection) => {
    connections += 1;
    if (connections === 2) {
      proxy.set('cut');
      connection.once('error', () => {
        failures += 1;
        proxy.set('pass');
      });
    }
    defineLeaseModels(connection);
  };
  const address = throughProxy(uri.href, proxy);
  const database = await connectDatabase(
    address,
    { databaseTimeoutMs: 10_000 },
    logger,
    defineModels,
  );
  expect([connections, failures, database.isConnected()]).toEqual([2, 1, true]);
  expect(await database.connection.collection('leases').countDocuments({})).toBe(0);
  await database.close();
  await proxy.close();
  const client = await MongoClient.connect(uri.href);
  await client.db().dropDatabase();
  await client.close();
});
