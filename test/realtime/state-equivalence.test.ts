/**
 * A device that has followed a chat by events and syncs, through whatever happens in it and through losses
 * of its connection, holds what a device holds that loads the chat now: for random sequences of everything
 * that people do in chats.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import sharp from 'sharp';
import type { Socket } from 'socket.io-client';
import { ChatClient, ChatRoom, MemoryStorage, Message } from '@parley-chat/client';
import type { ChatMessage, MediaItem } from '@parley-chat/client';
import { eventually } from '../support/eventually.js';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import { SEED, runs } from '../support/seed.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, registerUser, startServer } from '../support/server.js';

/** One member and their device that follows. */
interface Follower {
  user: TestUser;
  client: ChatClient;
}

/** What an action may need: its actor, and a number to choose its target by. */
interface Turn {
  chatId: string;
  by: Follower;
  members: Follower[];
  /** A user who is known to all, and comes and goes. */
  guest: TestUser;
  choice: number;
}

const pick = <T>(items: T[], choice: number): T | undefined => items[choice % items.length];

const lose = ({ client }: Follower): void => {
  const { connection } = client as unknown as { connection: { socket: Socket } };
  connection.socket.io.engine?.close();
};

describe('a device that follows', () => {
  let server: TestServer;
  let picture: Buffer;
  let admin: TestUser;
  const clients: ChatClient[] = [];
  beforeAll(async () => {
    server = await startServer({ env: { ...ADMIN_ENV, HEAD_DIGEST_MS: '300' } });
    admin = await loginAdmin(server);
    const rule = { pattern: 'suspicious', action: 'hold' };
    await server.http.post('/api/admin/word-filters').set(admin.auth).send(rule).expect(201);
    picture = await sharp({ create: { width: 4, height: 4, channels: 3, background: 'teal' } })
      .png()
      .toBuffer();
  });
  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await server.close();
  });

  const connect = async (user: TestUser): Promise<ChatClient> => {
    const client = new ChatClient(server.url, user.token, { storage: new MemoryStorage() });
    clients.push(client);
    await client.connect();
    return client;
  };
  /** The log as the server has it now; what the actor's own device holds may lag behind. */
  const visible = async ({ by, chatId }: Turn): Promise<ChatMessage[]> => {
    const answer = await server.http
      .get(`/api/chats/${chatId}/messages?limit=200`)
      .set(by.user.auth);
    const all = answer.body.data as ChatMessage[];
    return all.filter(
      ({ isDeleted, system, heldAfterSeq }) => !isDeleted && !system && heldAfterSeq === undefined,
    );
  };
  const target = async (turn: Turn, own = false): Promise<ChatMessage | undefined> => {
    const messages = await visible(turn);
    return pick(
      own ? messages.filter(({ senderId }) => senderId === turn.by.user.id) : messages,
      turn.choice,
    );
  };
  const rest = (turn: Turn, method: 'post' | 'patch' | 'delete', path: string, body?: object) =>
    server.http[method](path).set(turn.by.user.auth).send(body);
  /** On some message of the log, when there is one. */
  const onMessage =
    (act: (turn: Turn, message: ChatMessage) => PromiseLike<unknown>, own = false) =>
    async (turn: Turn) => {
      const message = await target(turn, own);
      if (message) await act(turn, message);
    };
  const setting = (changes: object) => (turn: Turn) =>
    rest(turn, 'patch', `/api/chats/${turn.chatId}/settings`, changes);
  const emoji = ({ choice }: Turn) => pick(['👍', '🎉', '😀'], choice)!;
  const write = ({ chatId, by }: Turn) => ({
    content: (content: string) =>
      rest({ by } as Turn, 'post', '/api/messages', { chatId, content }).expect(201),
  });

  const ACTIONS: Record<string, (turn: Turn) => PromiseLike<unknown>> = {
    send: (turn) => write(turn).content(`text ${turn.choice}`),
    sendOverSdk: ({ by, chatId, choice }) =>
      new Message(by.client, chatId).sendText(`from the device ${choice}`),
    media: async (turn) => {
      const { by, chatId } = turn;
      const uploaded = await server.http
        .post('/api/media/upload-chat-media')
        .set(by.user.auth)
        .field('chatId', chatId)
        .attach('file', picture, 'teal.png');
      const media = uploaded.body.data as MediaItem;
      await new Message(by.client, chatId).sendMedia('image', media);
    },
    edit: onMessage(
      (turn, { id }) =>
        rest(turn, 'patch', `/api/messages/${id}`, { content: `edit ${turn.choice}` }),
      true,
    ),
    deleteForMe: onMessage(({ by, chatId }, { id }) =>
      new Message(by.client, chatId).delete(id, false),
    ),
    deleteForEveryone: onMessage(
      (turn, { id }) => rest(turn, 'delete', `/api/messages/${id}`),
      true,
    ),
    // The first of the members owns the group.
    deleteAsModerator: onMessage(({ members }, { id }) =>
      server.http.delete(`/api/messages/${id}?deleteForEveryone=true`).set(members[0]!.user.auth),
    ),
    sendHeld: (turn) => write(turn).content(`suspicious ${turn.choice}`),
    decide: async ({ chatId, choice }) => {
      const path = `/api/chats/${chatId}/held-messages`;
      const { body } = await server.http.get(path).set(admin.auth).expect(200);
      const held = pick((body as { data: { id: string }[] }).data, choice);
      const verdict = choice % 3 === 0 ? 'refuse' : 'release';
      if (held) await server.http.post(`/api/held-messages/${held.id}/${verdict}`).set(admin.auth);
    },
    react: onMessage((turn, { id }) =>
      new Message(turn.by.client, turn.chatId).react(id, emoji(turn)),
    ),
    unreact: onMessage((turn, { id }) =>
      new Message(turn.by.client, turn.chatId).unreact(id, emoji(turn)),
    ),
    pin: onMessage((turn, { id }) => rest(turn, 'post', `/api/messages/${id}/pin`)),
    unpin: onMessage((turn, { id }) => rest(turn, 'post', `/api/messages/${id}/unpin`)),
    read: ({ by, chatId }) => new ChatRoom(by.client, chatId).markRead(),
    mute: setting({ mutedUntil: '2099-01-01T00:00:00.000Z' }),
    unmute: setting({ mutedUntil: null }),
    pinChat: setting({ isPinned: true }),
    markUnread: setting({ isMarkedUnread: true }),
    archive: (turn) => rest(turn, 'post', `/api/chats/${turn.chatId}/archive`),
    unarchive: (turn) => rest(turn, 'post', `/api/chats/${turn.chatId}/unarchive`),
    clear: (turn) => rest(turn, 'delete', `/api/chats/${turn.chatId}`),
    rename: (turn) =>
      rest(turn, 'patch', `/api/chats/${turn.chatId}`, { name: `Name ${turn.choice}` }),
    addGuest: (turn) =>
      rest(turn, 'post', `/api/chats/${turn.chatId}/members`, { userIds: [turn.guest.id] }),
    removeGuest: (turn) =>
      rest(turn, 'delete', `/api/chats/${turn.chatId}/members/${turn.guest.id}`),
    loseConnection: ({ members, choice }) => {
      lose(pick(members, choice)!);
      return Promise.resolve();
    },
  };

  const stateOf = (client: ChatClient, chatId: string) => {
    const store = client.store(chatId);
    if (!store?.info) return 'not there';
    const { participants } = store.info;
    const shown = store.info as unknown as Record<string, unknown>;
    // What follows from messages and positions is worked out from these, not from the chat's last sync.
    const facts = ['status', 'name', 'mutedUntil', 'isPinned', 'isMarkedUnread'];
    return {
      version: store.version,
      // Addresses of files are signed anew for every look.
      messages: store.list().map((message) => ({
        ...message,
        media: message.media.map(({ fileId }) => fileId),
      })),
      // With those outside the log.
      shown: client
        .room(chatId)
        .getSnapshot()
        .messages.map(({ id, content, heldAfterSeq }) => [id, content, heldAfterSeq]),
      members: store.members(),
      unread: store.unreadCount(),
      people: participants.map(({ id, role }) => [id, role]),
      settings: store.settings,
      info: facts.map((fact) => [fact, shown[fact]]),
    };
  };

  it(
    'equals one that loads now, after any sequence of events',
    async () => {
      const turns = fc.array(
        fc.record({
          action: fc.constantFrom(...Object.keys(ACTIONS)),
          by: fc.nat(2),
          choice: fc.nat(1000),
        }),
        { minLength: 10, maxLength: 25 },
      );
      await fc.assert(
        fc.asyncProperty(turns, async (sequence) => {
          const people = [
            await registerUser(server),
            await registerUser(server),
            await registerUser(server),
          ];
          const guest = await registerUser(server);
          for (const other of [people[1]!, people[2]!, guest]) {
            await openChatBetween(server, people[0]!, other);
          }
          const created = await server.http
            .post('/api/chats')
            .set(people[0]!.auth)
            .send({ kind: 'group', name: 'Team', memberIds: [people[1]!.id, people[2]!.id] })
            .expect(201);
          const chatId = (created.body as { data: { id: string } }).data.id;
          const members: Follower[] = [];
          for (const user of people) members.push({ user, client: await connect(user) });
          for (const { action, by, choice } of sequence) {
            // Commands need a connection; the events of a lost one are brought by the next sync.
            await eventually(() => members[by]!.client.isConnected);
            await ACTIONS[action]!({ chatId, by: members[by]!, members, guest, choice });
          }
          for (const { user, client } of members) {
            const fresh = await connect(user);
            const isEqual = () =>
              JSON.stringify(stateOf(client, chatId)) === JSON.stringify(stateOf(fresh, chatId));
            // Late receipts reach both; who is not equal by then is shown by the comparison.
            await eventually(isEqual).catch(() => undefined);
            expect(stateOf(client, chatId)).toEqual(stateOf(fresh, chatId));
            fresh.disconnect();
            client.disconnect();
          }
        }),
        { seed: SEED, numRuns: runs(3, 6), endOnFailure: true },
      );
    },
    runs(240_000),
  );
});
