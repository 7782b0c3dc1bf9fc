import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, Model } from 'mongoose';
import { createConnection } from 'mongoose';
import { startEmbeddedDb } from '@parley-chat/embedded-mongo';
import type { MessageDoc } from '../../src/modules/messages/index.js';
import { defineMessageModels } from '../../src/modules/messages/index.js';

/** The collection of messages with its indexes, on an embedded database of its own. */
export interface MessageCollection {
  connection: Connection;
  model: Model<MessageDoc>;
  close(): Promise<void>;
}

/** Opens an empty collection of messages. */
export const openMessageCollection = async (): Promise<MessageCollection> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-messages-'));
  const database = await startEmbeddedDb({ dataDir: folder });
  const connection = await createConnection(database.uri).asPromise();
  const model = defineMessageModels(connection);
  await model.init();
  return {
    connection,
    model,
    close: async () => {
      await connection.close();
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

type Facts = Pick<MessageDoc, 'chatId' | 'seq' | 'senderId'> & Partial<MessageDoc>;

/** A message as the log writes one, of which only some facts matter. */
export const messageOf = (facts: Facts) => ({
  version: facts.seq,
  versions: [facts.seq],
  messageType: 'text' as const,
  content: `number ${facts.seq}`,
  createdAt: new Date(),
  updatedAt: new Date(),
  ...facts,
});
