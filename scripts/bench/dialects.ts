import { performance } from 'node:perf_hooks';
import { Server } from 'socket.io';
import { conversationRenderings } from '../../src/api/conversation/conversation.events.js';
import { v0Renderings } from '../../src/api/v0/v0.events.js';
import type { MessageEvent, MessageEvents } from '../../src/modules/messages/index.js';
import { messageRenderings } from '../../src/api/native/messages/messages.events.js';
import { EventBus } from '../../src/platform/event-bus.js';
import { createLogger } from '../../src/platform/logger.js';
import type { DialectMask } from '../../src/transport/socket/dialect.js';
import { ALL_DIALECTS, hears, maskOf } from '../../src/transport/socket/dialect.js';
import { Delivery } from '../../src/transport/socket/delivery.js';
import type { RenderingTable } from '../../src/transport/socket/rendering.js';
import { audiences } from '../../src/shared/audience.js';
import type { SocketRegistry } from '../../src/transport/socket/socket-registry.js';

const EVENTS = 20_000;
const ROUNDS = 7;
const ID = '665f1c2e9b1e8a3d4c5b6a79';
const AT = '2026-01-01T00:00:00.000Z';

const EVENT: MessageEvent = {
  message: {
    id: ID,
    chatId: ID,
    seq: 1,
    version: 1,
    senderId: ID,
    clientMessageId: null,
    messageType: 'text',
    content: 'Hello, everybody in here!',
    media: [],
    replyTo: null,
    mentions: [],
    reactions: [],
    editedAt: null,
    deletedAt: null,
    deletedBy: null,
    isModerated: false,
    pinnedAt: null,
    pinnedBy: null,
    system: null,
    forwardedFrom: null,
    createdAt: AT,
    updatedAt: AT,
  },
  sender: { id: ID, username: 'ada', firstName: '', lastName: '', name: 'ada', avatar: null },
  status: 'sent',
  memberIds: [ID],
  audience: audiences.chat(ID),
};

/** Turns messages into packets for sockets that hear these sets of dialects; µs per message. */
const measure = (tables: RenderingTable<MessageEvents>[], masks: DialectMask[]): (() => number) => {
  const directory = {
    activeMasks: () => masks,
    isSpoken: (dialect: Parameters<typeof maskOf>[0]) => masks.some((mask) => hears(mask, dialect)),
    connected: () => [],
    notLooking: () => [],
  };
  const bus = new EventBus<MessageEvents>(createLogger({ logLevel: 'silent', nodeEnv: 'test' }));
  const fanout = new Delivery<MessageEvents>(new Server(), directory as unknown as SocketRegistry);
  bus.subscribe(fanout.subscriptions(tables));
  return () => {
    const start = performance.now();
    for (let i = 0; i < EVENTS; i++) bus.emit('message.sent', EVENT, { scope: 'node' });
    return ((performance.now() - start) / EVENTS) * 1000;
  };
};

const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** What the other dialects cost in this process when nobody hears them, and when everybody does. */
export const bench = (): Promise<void> => {
  const native = messageRenderings(() => Promise.resolve(0));
  const three = [native, v0Renderings, conversationRenderings] as RenderingTable<MessageEvents>[];
  const ways = {
    'native alone, native sockets': measure([native], [maskOf('native')]),
    'with v0 and conversation, native sockets': measure(three, [maskOf('native')]),
    'with v0 and conversation, all heard': measure(three, [ALL_DIALECTS]),
  };
  const results = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
  for (const run of Object.values(ways)) run();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(ways)) results.get(name)!.push(run());
  }
  console.log(`\nrendering and encoding one message, median of ${ROUNDS} × ${EVENTS}`);
  for (const [name, times] of results) {
    const spread = `${Math.min(...times).toFixed(2)}–${Math.max(...times).toFixed(2)}`;
    console.log(`${name.padEnd(44)} ${median(times).toFixed(2)} µs  (${spread})`);
  }
  return Promise.resolve();
};
