/** The hooks of `@parley-chat/react` in components (jsdom) against a real node. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ChatClient, MemoryStorage } from '@parley-chat/client';
import {
  ParleyProvider,
  useChat,
  useChats,
  useConnection,
  useMembers,
  useMessages,
  useParley,
  usePresence,
  useSession,
  useTyping,
  useUnread,
} from '@parley-chat/react';
import type * as TestingLibrary from '@testing-library/react/pure.js';
import type { ReactNode } from 'react';
import { createElement, StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import { installDom } from '../support/dom.js';
import { eventually } from '../support/eventually.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, registerUser, startServer } from '../support/server.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const METRICS_TOKEN = 'the-token-of-the-scraper';

let removeDom: () => void;
let library: typeof TestingLibrary;
let server: TestServer;
/** The network between the components and the node. */
let network: TcpProxy;

beforeAll(async () => {
  removeDom = installDom();
  library = await import('@testing-library/react/pure.js');
  library.configure({ asyncUtilTimeout: 20_000 });
  server = await startServer({ env: { PRESENCE_GRACE_MS: '0', METRICS_TOKEN } });
  network = await TcpProxy.start({ host: '127.0.0.1', port: server.port });
});
afterEach(async () => {
  library.cleanup();
  await eventually(async () => (await socketCount()) === 0);
});
afterAll(async () => {
  await network.close();
  await server.close();
  removeDom();
});

/** Sockets that the node has. */
const socketCount = async (): Promise<number> => {
  const { text } = await server.http.get('/metrics').auth(METRICS_TOKEN, { type: 'bearer' });
  return Number(/^parley_connections (\d+)/m.exec(text)![1]);
};

/** Runs a hook under a provider of its own, as this user's device. */
const useAs = <T>(user: TestUser, hook: () => T, { isStrict = true } = {}) => {
  const wrapper = ({ children }: { children: ReactNode }) =>
    createElement(ParleyProvider, {
      url: `http://127.0.0.1:${network.port}`,
      getToken: () => user.token,
      options: { storage: new MemoryStorage() },
      children,
    });
  const { result, unmount } = library.renderHook(hook, { wrapper, reactStrictMode: isStrict });
  const until = (holds: (value: T) => boolean) =>
    library.waitFor(() => {
      expect(holds(result.current)).toBe(true);
    });
  return { result, until, unmount };
};

/** Runs what changes a component, and lets React take it in. */
const doing = <T>(what: () => T | Promise<T>): Promise<T> => library.act(async () => what());

describe('under a provider', () => {
  it('two people chat: messages at once, delivered, read, typing, presence and counts', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const a = useAs(alice, () => ({
      session: useSession(),
      room: useMessages(chatId),
      typing: useTyping(chatId),
      bob: usePresence(bob.id),
    }));
    const b = useAs(bob, () => ({ chats: useChats(), unread: useUnread(), chat: useChat(chatId) }));
    await a.until(({ session, bob: { isOnline } }) => session.status === 'signed-in' && isOnline);
    await b.until(({ chats }) => chats.active.length === 1);
    expect(a.result.current.session).toMatchObject({ userId: alice.id, user: { id: alice.id } });
    expect(b.result.current.chats.active[0]).toMatchObject({ title: alice.username });

    const sending = await doing(() => ({ sent: a.result.current.room.send('Hello!') }));
    expect(a.result.current.room.messages).toMatchObject([{ content: 'Hello!', isMine: true }]);
    const { key } = a.result.current.room.messages[0]!;
    await doing(() => sending.sent);
    await a.until(({ room }) => room.messages[0]?.status === 'delivered');
    expect(a.result.current.room.messages).toMatchObject([{ key, state: 'sent', seq: 1 }]);

    await b.until(({ unread }) => unread.messages === 1);
    expect(b.result.current.chat).toMatchObject({ lastMessage: { content: 'Hello!' } });
    const bobsRoom = useAs(bob, () => ({
      room: useMessages(chatId, { markRead: true }),
      typing: useTyping(chatId),
      members: useMembers(chatId),
    }));
    await b.until(({ unread }) => unread.messages === 0);
    await a.until(({ room }) => room.messages[0]?.status === 'read');
    expect(bobsRoom.result.current.members.map(({ id }) => id).sort()).toEqual(
      [alice.id, bob.id].sort(),
    );

    await doing(() => bobsRoom.result.current.typing.startTyping());
    await a.until(({ typing }) => typing.typing[0]?.id === bob.id);
    expect(bobsRoom.result.current.typing.typing).toEqual([]);
    await doing(() => bobsRoom.result.current.typing.stopTyping());
    await a.until(({ typing }) => typing.typing.length === 0);

    bobsRoom.unmount();
    b.unmount();
    await a.until(({ bob: { isOnline } }) => !isOnline);
  });

  it('an outage in between loses nothing and doubles nothing', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const texts = (room: ReturnType<typeof useMessages>) =>
      room.messages.map(({ content }) => content).join();
    const device = () => ({ connection: useConnection(), room: useMessages(chatId) });
    const [a, b] = [useAs(alice, device), useAs(bob, device)];
    for (const { until } of [a, b]) {
      await until(({ connection }) => connection.status === 'connected');
    }
    await doing(() => a.result.current.room.send('before'));
    await b.until(({ room }) => texts(room) === 'before');

    network.set('cut');
    await a.until(({ connection }) => connection.status !== 'connected');
    const waiting = await doing(() => ({
      sent: ['one', 'two', 'three'].map((text) => a.result.current.room.send(text)),
    }));
    expect(texts(a.result.current.room)).toBe('before,one,two,three');
    expect(a.result.current.connection.queued).toBe(3);
    const meanwhile = { chatId, content: 'meanwhile' };
    await server.http.post('/api/messages').set(bob.auth).send(meanwhile).expect(201);
    network.set('pass');

    await doing(() => Promise.all(waiting.sent));
    const all = 'before,meanwhile,one,two,three';
    await a.until(({ room }) => texts(room) === all);
    await b.until(({ room }) => texts(room) === all);
    expect(a.result.current.connection).toMatchObject({ status: 'connected', queued: 0 });
  });

  it('a message that the server will not take stays as failed until it is discarded', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const a = useAs(alice, () => useMessages(chatId));
    await server.http.post(`/api/chats/${chatId}/block`).set(bob.auth).send({}).expect(200);
    // Nobody looks at the promise: that alone must not be an unhandled rejection.
    await doing(() => void a.result.current.send('Are you there?'));
    await a.until(({ messages }) => messages[0]?.state === 'failed');
    expect(a.result.current.messages[0]).toMatchObject({ error: { code: 'BLOCKED' } });
    await server.http.post(`/api/chats/${chatId}/unblock`).set(bob.auth).send({}).expect(200);
    await doing(() => a.result.current.retry(a.result.current.messages[0]!));
    await a.until(({ messages }) => messages[0]?.state === 'sent');
    await server.http.post(`/api/chats/${chatId}/block`).set(bob.auth).send({}).expect(200);
    await doing(() => void a.result.current.send('And now?'));
    await a.until(({ messages }) => messages[1]?.state === 'failed');
    await doing(() => a.result.current.discard(a.result.current.messages[1]!));
    expect(a.result.current.messages).toMatchObject([{ content: 'Are you there?' }]);
  });

  it('a refused login is in the session, and nothing is thrown', async () => {
    const nobody = { ...(await registerUser(server)), token: 'no token' };
    const { result, until } = useAs(nobody, () => useSession());
    await until(({ error }) => error !== null);
    expect(result.current).toMatchObject({
      status: 'signed-out',
      error: { code: 'UNAUTHENTICATED' },
    });
  });

  it('StrictMode and many components open one socket and look at a chat once', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const tokens: string[] = [];
    const Room = () => createElement('ol', undefined, useMessages(chatId).messages.length);
    const tree = (count: number) =>
      createElement(
        StrictMode,
        undefined,
        createElement(
          ParleyProvider,
          {
            url: server.url,
            getToken: () => {
              tokens.push(alice.token);
              return alice.token;
            },
            options: { storage: new MemoryStorage() },
          },
          ...Array.from({ length: count }, (_, key) => createElement(Room, { key })),
        ),
      );
    const { rerender, unmount, container } = library.render(tree(3));
    const shown = () => (container as unknown as { textContent: string }).textContent;
    await eventually(async () => (await socketCount()) === 1);
    const say = (content: string) =>
      server.http.post('/api/messages').set(bob.auth).send({ chatId, content }).expect(201);
    await say('one');
    await library.waitFor(() => {
      expect(shown()).toBe('111');
    });
    rerender(tree(1));
    await say('two');
    await library.waitFor(() => {
      expect(shown()).toBe('2');
    });
    expect([await socketCount(), tokens.length]).toEqual([1, 1]);
    unmount();
    await eventually(async () => (await socketCount()) === 0);
  });
});

describe('components', () => {
  it('render again only for what they show', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const client = new ChatClient(server.url, alice.token, { storage: new MemoryStorage() });
    await client.connect();
    const renders = { members: 0, messages: 0, typing: 0, chats: 0 };
    const counted = <T>(name: keyof typeof renders, hook: () => T) => {
      const wrapper = ({ children }: { children: ReactNode }) =>
        createElement(ParleyProvider, { client, children });
      return library.renderHook(
        () => {
          renders[name] += 1;
          return hook();
        },
        { wrapper },
      );
    };
    counted('members', () => useMembers(chatId));
    const messages = counted('messages', () => useMessages(chatId));
    const typing = counted('typing', () => useTyping(chatId));
    const before = { ...renders };
    const first = messages.result.current;
    const theirs = new ChatClient(server.url, bob.token, { storage: new MemoryStorage() });
    await theirs.connect();
    await theirs.room(chatId).startTyping();
    await library.waitFor(() => {
      expect(typing.result.current.typing).toHaveLength(1);
    });
    expect(renders).toMatchObject({ messages: before.messages, typing: before.typing + 1 });
    expect(messages.result.current).toBe(first);
    messages.rerender();
    expect({ ...messages.result.current }).toEqual({ ...first });
    theirs.disconnect();
    client.disconnect();
  });

  it('leave no listener and no open chat behind, and a given client is left as it is', async () => {
    const { alice, chatId } = await openDirectChat(server);
    const client = new ChatClient(server.url, alice.token, { storage: new MemoryStorage() });
    await client.connect();
    let listeners = 0;
    const watched = [
      client.state.session,
      client.state.connection,
      client.state.chats,
      client.state.unread,
      client.state.presence(alice.id),
      client.state.room(chatId),
    ];
    for (const store of watched) {
      const { subscribe } = store;
      store.subscribe = (listener) => {
        listeners += 1;
        const end = subscribe(listener);
        return () => {
          listeners -= 1;
          end();
        };
      };
    }
    const opened: string[] = [];
    const { openChat, closeChat } = client;
    client.openChat = (id) => {
      opened.push(`open ${id}`);
      return openChat.call(client, id);
    };
    client.closeChat = (id) => {
      opened.push(`close ${id}`);
      return closeChat.call(client, id);
    };
    const wrapper = ({ children }: { children: ReactNode }) =>
      createElement(ParleyProvider, { client, children });
    const { unmount } = library.renderHook(
      () => [
        useSession(),
        useConnection(),
        useChats(),
        useUnread(),
        usePresence(alice.id),
        useChat(chatId),
        useMessages(chatId, { markRead: true }),
        useTyping(chatId),
      ],
      { wrapper, reactStrictMode: true },
    );
    expect(listeners).toBeGreaterThan(7);
    unmount();
    await eventually(() => opened.length === 2);
    expect(opened).toEqual([`open ${chatId}`, `close ${chatId}`]);
    expect([listeners, client.isConnected]).toEqual([0, true]);
    client.disconnect();
  });

  it('say what they need when there is no provider', () => {
    const { error } = console;
    console.error = () => undefined;
    try {
      expect(() => library.renderHook(() => useParley())).toThrow(/needs a <ParleyProvider>/);
    } finally {
      console.error = error;
    }
  });
});

describe('on a server', () => {
  it('pages are rendered as they begin, and nobody connects', async () => {
    const tokens: string[] = [];
    const Page = () => {
      const { status } = useSession();
      const { messages } = useMessages('c'.repeat(24), { markRead: true });
      const { typing } = useTyping('c'.repeat(24));
      const counts = [messages, typing, useChats().active].map(({ length }) => length);
      return createElement('p', undefined, status, ...counts, useUnread().messages);
    };
    const html = renderToString(
      createElement(
        ParleyProvider,
        { url: server.url, getToken: () => String(tokens.push('asked')) },
        createElement(Page),
      ),
    );
    expect(html.replaceAll('<!-- -->', '')).toBe('<p>signed-out0000</p>');
    expect([await socketCount(), tokens]).toEqual([0, []]);
  });
});
