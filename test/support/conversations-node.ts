/**
 * The use cases of chats and groups over a running node's database, as a second node has them. It has a
 * database connection of its own, which a test can delay and break, and says what happens on the running
 * node's event bus, so that it needs no Redis.
 */
import { EventEmitter, once } from 'node:events';
import { buildConversations } from '../../src/composition/conversations.area.js';
import type { Conversations } from '../../src/composition/conversations.area.js';
import type { Foundation } from '../../src/composition/foundation.js';
import { layFoundation } from '../../src/composition/foundation.js';
import { buildPeople } from '../../src/composition/people.area.js';
import { subscriptionsOfChats } from '../../src/composition/subscriptions.js';
import { loadConfig } from '../../src/config/index.js';
import type { MemberRole } from '../../src/modules/chats/index.js';
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

/** A second node's chats and groups. */
export interface ConversationsNode extends Pick<Conversations, 'chats' | 'groups' | 'invites'> {
  models: Foundation['models'];
  /** From now on every operation on chats, memberships, messages and notices goes through this. */
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
  const laid = await layFoundation({
    config,
    mongodbUri: server.mongodbUri,
    logger: createLogger(config),
  });
  const foundation = { ...laid, bus: server.container.bus };
  let gate: Gate | undefined;
  const { chats, messages } = laid.models;
  const accessChanges = laid.database.connection.model('Notice');
  for (const model of [chats.chats, chats.memberships, messages, accessChanges]) {
    const collection = model.collection as unknown as Record<string, Method>;
    for (const name of [...WRITES, ...READS]) {
      const original = collection[name]!.bind(model.collection);
      const isWrite = (WRITES as readonly string[]).includes(name);
      collection[name] = async (...args) => {
        await gate?.({ collection: model.collection.name, name, isWrite });
        return original(...args);
      };
    }
  }
  const people = buildPeople(foundation);
  const { chats: chatsModule, groups, invites } = buildConversations(foundation, people);
  foundation.bus.subscribe(subscriptionsOfChats({ ...people, groups }));
  return {
    chats: chatsModule,
    groups,
    invites,
    models: laid.models,
    setGate: (next) => {
      gate = next;
    },
    close: () => laid.database.close(),
  };
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
  return {
    server,
    nodes,
    rolesIn: async (chatId) => {
      const { memberships } = nodes[0].models.chats;
      const rows = await memberships.find({ chatId: objectId(chatId) }).lean();
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
