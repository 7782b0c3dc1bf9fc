/** What the client has beside the main entry, against a real node: uploads and live streams. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChatClient, MemoryStorage, Message } from '@parley-chat/client';
import { Live } from '@parley-chat/client/live';
import { Upload } from '@parley-chat/client/uploads';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** A text in a form that the server takes: files are known by their first bytes. */
const pdf = (text: string) => new Blob([`%PDF-1.4\n${text}\n%%EOF`], { type: 'application/pdf' });

describe('the client', () => {
  let server: TestServer;
  const ends: (() => unknown)[] = [];
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(async () => {
    for (const end of ends) await end();
    await server.close();
  });
  const connect = async (user: TestUser, url = server.url) => {
    const client = new ChatClient(url, {
      getToken: () => user.token,
      storage: new MemoryStorage(),
    });
    ends.push(() => {
      client.disconnect();
    });
    await client.connect();
    return client;
  };

  it('uploads a file that a message can carry, and says how far it is', async () => {
    const { alice, chatId } = await openDirectChat(server);
    const client = await connect(alice);
    const upload = new Upload(client, pdf('one'), { chatId, filename: 'one.pdf' });
    const states = new Set<string>();
    upload.subscribe(() => states.add(upload.getSnapshot().status));
    const file = await upload.done;
    expect(file).toMatchObject({ filename: 'one.pdf', type: 'file' });
    const sent = await new Message(client, chatId).sendMedia('file', file);
    expect(sent.media).toMatchObject([{ fileId: file.fileId }]);
    expect([upload.getSnapshot(), [...states]]).toMatchObject([{ file, progress: 1 }, ['done']]);
  });

  it('starts an upload again after a lost connection, and stores one file', async () => {
    const { alice, chatId } = await openDirectChat(server);
    const proxy = await TcpProxy.start({ host: '127.0.0.1', port: server.port });
    ends.push(() => proxy.close());
    const client = await connect(alice, `http://127.0.0.1:${proxy.port}`);
    const { rest } = client;
    const ids: unknown[] = [];
    let failures = 2;
    const flaky = {
      url: client.url,
      rest: async <T>(method: string, path: string, body?: unknown): Promise<T> => {
        const answer = await rest.call(client, method, path, body);
        if (path === '/api/media/complete') {
          ids.push((body as { fileId: string }).fileId);
          // The file is there; the answer is lost on the way.
          failures -= 1;
          if (failures >= 0) throw new TypeError('fetch failed');
        }
        return answer as T;
      },
    };
    const file = await new Upload(flaky, pdf('two'), { chatId, filename: 'two.pdf' }).done;
    expect([new Set(ids), ids.length]).toEqual([new Set([file.fileId]), 3]);
  });

  it('tells why a file is refused, and does not try again', async () => {
    const { alice, chatId } = await openDirectChat(server);
    const client = await connect(alice);
    const upload = new Upload(client, new Blob(['no known format']), { chatId, filename: 'x.exe' });
    await expect(upload.done).rejects.toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
    expect(upload.getSnapshot()).toMatchObject({ status: 'failed', file: null });
  });

  it('ends an upload that is cancelled', async () => {
    const { alice, chatId } = await openDirectChat(server);
    const upload = new Upload(await connect(alice), pdf('three'), { chatId });
    upload.cancel();
    await expect(upload.done).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(upload.getSnapshot().status).toBe('cancelled');
  });

  it('hosts and watches a live stream', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const [a, b] = [await connect(alice), await connect(bob)];
    const [host, viewer] = [new Live(a), new Live(b)];
    const { liveId } = await host.start('A tour', chatId);
    const comment = new Promise((resolve) => a.on('live_comment', resolve));
    expect(await viewer.list()).toMatchObject([{ liveId, title: 'A tour' }]);
    await viewer.join(liveId);
    await viewer.comment(liveId, 'Nice!');
    expect(await comment).toMatchObject({ content: 'Nice!', userId: bob.id });
    const over = new Promise((resolve) => b.on('live_ended', resolve));
    await host.end(liveId);
    expect(await over).toMatchObject({ liveId });
  });

  it('signs out when its host’s server says that nobody is signed in any more', async () => {
    const { alice } = await openDirectChat(server);
    const given = [alice.token, undefined];
    const client = new ChatClient(server.url, {
      getToken: () => given.shift(),
      storage: new MemoryStorage(),
    });
    await client.connect();
    expect(client.state.session.getSnapshot()).toMatchObject({
      status: 'signed-in',
      userId: alice.id,
    });
    client.disconnect();
    await expect(client.connect()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(client.state.session.getSnapshot().status).toBe('signed-out');
  });
});
