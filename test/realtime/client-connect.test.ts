/** What connecting and disconnecting the client means, against a server that refuses as the test says. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { ChatClient, MemoryStorage } from '@parley-chat/client';
import type { ChatClientOptions } from '@parley-chat/client';
import { eventually } from '../support/eventually.js';
import { nextTurn } from '../../packages/client/test/fake-timers.js';
import type { Refusal } from '../support/refusing-server.js';
import { hurried, startRefusingServer } from '../support/refusing-server.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const newServer = async (parts: Partial<Parameters<typeof startRefusingServer>[0]> = {}) => {
  const server = await startRefusingServer({ handshake: () => undefined, ...parts });
  ends.push(() => server.close());
  return server;
};

const newClient = (url: string, options: ChatClientOptions = {}) => {
  const client = new ChatClient(url, 'a', { storage: new MemoryStorage(), ...options });
  ends.push(() => {
    client.disconnect();
  });
  const heard: string[] = [];
  for (const event of ['connected', 'disconnected'] as const) {
    client.on(event, () => heard.push(event));
  }
  return { client, heard };
};

/** A promise, and what resolves it. */
const later = () => {
  let resolve: () => void = () => undefined;
  const promise = new Promise<undefined>((done) => {
    resolve = () => {
      done(undefined);
    };
  });
  return { promise, resolve };
};

describe('connect()', () => {
  it('resolves at once when the client is in step already', async () => {
    const { url } = await newServer();
    const { client, heard } = newClient(url);
    await Promise.all([client.connect(), client.connect()]);
    await client.connect();
    expect(heard).toEqual(['connected']);
  });

  it('rejects when the client is disconnected before it is in step', async () => {
    const answer = later();
    const { url } = await newServer({ request: () => answer.promise });
    const { client } = newClient(url);
    const connected = client.connect();
    await eventually(() => client.isConnected);
    client.disconnect();
    await expect(connected).rejects.toMatchObject({ name: 'ChatError', code: 'DISCONNECTED' });
    answer.resolve();
    await client.connect();
    expect(client.isConnected).toBe(true);
  });

  it('has succeeded although somebody who hears of it disconnects', async () => {
    const { url } = await newServer();
    const { client } = newClient(url);
    client.on('connected', () => {
      client.disconnect();
    });
    await client.connect();
    expect(client.isConnected).toBe(false);
  });

  it('may be called by whoever hears that the client is disconnected', async () => {
    const { url } = await newServer();
    const { client } = newClient(url);
    await client.connect();
    let again: Promise<void> | undefined;
    client.on('disconnected', () => {
      again ??= client.connect();
    });
    client.disconnect();
    await again;
    expect(client.isConnected).toBe(true);
  });
});

describe('a client that is disconnected while it gets in step', () => {
  it('does not say afterwards that it is connected', async () => {
    let joins = 0;
    const { url } = await newServer({
      join: () => {
        joins += 1;
        return joins === 1 ? undefined : new Promise<Refusal>(() => undefined);
      },
    });
    const { client, heard } = newClient(url);
    await client.connect();
    await client.openChat('c');
    client.disconnect();
    const connected = client.connect();
    await eventually(() => joins === 2);
    client.disconnect();
    await expect(connected).rejects.toMatchObject({ code: 'DISCONNECTED' });
    await nextTurn();
    expect(heard).toEqual(['connected', 'disconnected', 'disconnected']);
  });

  it('says once that it is connected again, whatever the connection before was at', async () => {
    const answers = [later(), later()];
    let asked = 0;
    const server = await newServer({
      request: () => {
        asked += 1;
        return answers[asked - 1]?.promise;
      },
    });
    const { client, heard } = newClient(server.url);
    const connected = client.connect();
    await eventually(() => asked === 1);
    for (const socket of server.io.of('/').sockets.values()) socket.conn.close();
    await eventually(() => asked === 2);
    answers[1]!.resolve();
    await connected;
    answers[0]!.resolve();
    await client.command('sync', {});
    await nextTurn();
    expect(heard).toEqual(['disconnected', 'connected']);
  });
});

describe('a chat that is open', () => {
  it('is opened again on the next connection, also when the server is too busy at first', async () => {
    const joined: string[] = [];
    const refusals: Refusal[] = [];
    const server = await newServer({
      join: (chatId) => {
        joined.push(chatId);
        return chatId === 'busy' ? refusals.shift() : undefined;
      },
    });
    const { waits, timers } = hurried();
    const { client } = newClient(server.url, { timers });
    await client.connect();
    await Promise.all([client.openChat('busy'), client.openChat('other')]);
    client.disconnect();
    joined.length = 0;
    refusals.push({ code: 'RATE_LIMITED', retryAfter: 1 });
    await client.connect();
    expect([joined, waits]).toEqual([['busy', 'other', 'busy'], [1500]]);
  });

  it('is not any more when the server refuses it for good', async () => {
    let isMember = true;
    const joined: string[] = [];
    const server = await newServer({
      join: (chatId) => {
        joined.push(chatId);
        return isMember ? undefined : { code: 'NOT_FOUND' };
      },
    });
    const { client } = newClient(server.url);
    await client.connect();
    await client.openChat('c');
    isMember = false;
    for (let i = 0; i < 2; i += 1) {
      client.disconnect();
      await client.connect();
    }
    expect(joined).toEqual(['c', 'c']);
  });
});

describe('a connection', () => {
  it('is made by polling where no websocket comes through', async () => {
    const { url } = await newServer({ options: { transports: ['polling'] } });
    const { client } = newClient(url);
    await client.connect();
    expect(client.isConnected).toBe(true);
  });

  it('outlives an event that says nothing', async () => {
    const server = await newServer();
    const { client } = newClient(server.url);
    await client.connect();
    const heard: unknown[] = [];
    client.on('ping_of_next_year', (payload: unknown) => heard.push(payload));
    server.io.emit('ping_of_next_year');
    server.io.emit('message_received', null);
    await eventually(() => heard.length === 1);
    await client.command('sync', {});
    expect([client.isConnected, heard]).toEqual([true, [undefined]]);
  });
});
