import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Collection, Connection } from 'mongoose';
import { startEmbeddedDb } from '@parley-chat/embedded-mongo';
import type { StoredMessage } from '../../src/modules/messages/index.js';
import { defineMessageModels } from '../../src/modules/messages/index.js';
import { silentLogger } from './logger.js';
import { connectDatabase } from '../../src/platform/mongo.js';

/** The collection of messages with its indexes, on an embedded database of its own. */
export interface MessageCollection {
  connection: Connection;
  messages: Collection;
  close(): Promise<void>;
}

/** Opens an empty collection of messages. */
export const openMessageCollection = async (): Promise<MessageCollection> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-messages-'));
  const database = await startEmbeddedDb({ dataDir: folder });
  const { connection, close } = await connectDatabase(
    database.uri,
    { databaseTimeoutMs: 10_000 },
    silentLogger(),
    defineMessageModels,
  );
  return {
    connection,
    messages: connection.collection('messages'),
    close: async () => {
      await close();
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

type Facts = Pick<StoredMessage, 'chatId' | 'seq' | 'senderId'> & Partial<StoredMessage>;

/** A message as the log writes one, of which only some facts matter. */
export const messageOf = (facts: Facts) => ({
  version: facts.seq,
  versions: [facts.seq],
  messageType: 'text' as const,
  content: `number ${facts.seq}`,
  media: [],
  mentions: [],
  reactions: [],
  createdAt: new Date(),
  updatedAt: new Date(),
  ...facts,
});
