/**
 * A second node over a running node's database, of which a test can delay and break the operations on chats.
 * The nodes pass each other their domain events, as Redis would.
 */
import { EventEmitter, once } from 'node:events';
import type { Connection } from 'mongoose';
import type { UseCases } from '../../src/api/index.js';
import type { App } from '../../src/app.js';
import { createApp } from '../../src/app.js';
import { loadConfig } from '../../src/config/index.js';
import type { ChatRecord, MemberRole, MembershipRecord } from '../../src/modules/chats/index.js';
import type { StoredMessage } from '../../src/modules/messages/index.js';
import { createLogger } from '../../src/platform/logger.js';
import { objectId } from '../../src/platform/object-id.js';
import type { Actor } from '../../src/shared/actor.js';
import type { ServerOptions, TestServer, TestUser } from './server.js';
import { startServer } from './server.js';

const WRITES = [
  'bulkWrite',
  'deleteMany',
  'deleteOne',
  'findOneAndUpdate',
  'insertMany',
  'insertOne',
  'updateMany',
  'updateOne',
] as const;
const READS = ['countDocuments', 'findOne'] as const;

/** An operation that is about to go to the database. */
export interface Operation {
  collection: string;
  name: string;
  isWrite: boolean;
}

/** What happens to an operation first: it waits, or fails when this throws. */
export type Gate = (operation: Operation) => Promise<void>;

/** What the database has. */
const collectionsOf = (connection: Connection) => ({
  chats: connection.collection<ChatRecord>('chats'),
  memberships: connection.collection<MembershipRecord>('memberships'),
  messages: connection.collection<StoredMessage>('messages'),
});

/** A node that serves nobody but the test. */
export interface ConversationsNode {
  app: App;
  useCases: UseCases;
  collections: ReturnType<typeof collectionsOf>;
  /** From now on every operation on chats, memberships, messages and access changes goes through this. */
  setGate(gate: Gate | undefined): void;
  close(): Promise<void>;
}

type Method = (...args: unknown[]) => unknown;

/** Opens a node over the database of a running one. */
const openConversations = async (server: TestServer): Promise<ConversationsNode> => {
  const config = loadConfig({
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    JWT_SECRET: 'a secret that is only used in tests',
    RATE_LIMIT_CONVERSATIONS_PER_HOUR: '0',
  });
  const app = await createApp({
    config,
    mongodbUri: server.mongodbUri,
    logger: createLogger(config),
  });
  let gate: Gate | undefined;
  for (const name of ['chats', 'memberships', 'messages', 'notices']) {
    const collection = app.connection.collection(name) as unknown as Record<string, Method>;
    for (const operation of [...WRITES, ...READS]) {
      const original = collection[operation]!.bind(collection);
      const isWrite = (WRITES as readonly string[]).includes(operation);
      collection[operation] = async (...args) => {
        await gate?.({ collection: name, name: operation, isWrite });
        return original(...args);
      };
    }
  }
  return {
    app,
    useCases: app.useCases,
    collections: collectionsOf(app.connection),
    setGate: (next) => {
      gate = next;
    },
    close: () => app.shutdown.run(),
  };
};

/** Has each node hear the domain events of the others. */
const connect = (apps: App[]): void => {
  for (const app of apps) {
    const others = apps.filter((other) => other !== app);
    app.bus.forwardTo((type, event) => {
      for (const { bus } of others) bus.receiveFromCluster(type, structuredClone(event));
    });
  }
};

/** A running node, and the use cases of two others over its database. */
export interface ConversationsCluster {
  server: TestServer;
  nodes: [ConversationsNode, ConversationsNode];
  /** The roles in a chat, by user, as the database has them. */
  rolesIn(chatId: string): Promise<Record<string, MemberRole>>;
  /** Lets all operations pass again. */
  openGates(): void;
  close(): Promise<void>;
}

/** Starts a node, and opens two more over its database. */
export const startConversations = async (
  options: ServerOptions = {},
): Promise<ConversationsCluster> => {
  const server = await startServer(options);
  const nodes: ConversationsCluster['nodes'] = [
    await openConversations(server),
    await openConversations(server),
  ];
  connect([server.app, ...nodes.map(({ app }) => app)]);
  return {
    server,
    nodes,
    rolesIn: async (chatId) => {
      const { memberships } = nodes[0].collections;
      const rows = await memberships.find({ chatId: objectId(chatId) }).toArray();
      return Object.fromEntries(rows.map(({ userId, role }) => [userId.toHexString(), role]));
    },
    openGates: () => {
      for (const node of nodes) node.setGate(undefined);
    },
    close: async () => {
      for (const node of nodes) await node.close();
      await server.close();
    },
  };
};

/** A user as the use cases know them. */
export const actorOf = ({ id }: Pick<TestUser, 'id'>): Actor => ({
  userId: id,
  role: 'user',
  sessionId: '',
});

/** Ends the node at its write number `count`, counted from 0: nothing of it reaches the database any more. */
export const diesAtWrite = (node: ConversationsNode, count: number): { hasDied(): boolean } => {
  let left = count;
  node.setGate(({ isWrite }) => {
    if (left === 0 && isWrite) left = -1;
    if (left < 0) return Promise.reject(new Error('this node is dead'));
    if (isWrite) left -= 1;
    return Promise.resolve();
  });
  return { hasDied: () => left < 0 };
};

/** Holds the first operation that fits, until it is let go. */
export const holdFirst = (
  node: ConversationsNode,
  fits: (operation: Operation) => boolean,
): { reached: Promise<unknown>; release(): void } => {
  const signals = new EventEmitter();
  const reached = once(signals, 'reached');
  const released = once(signals, 'released');
  let isHeld = false;
  node.setGate(async (operation) => {
    if (isHeld || !fits(operation)) return;
    isHeld = true;
    signals.emit('reached');
    await released;
  });
  return {
    reached,
    release: () => {
      signals.emit('released');
    },
  };
};
