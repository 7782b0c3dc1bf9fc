/** Uploads named by their address, and uploads to no chat in particular: in every dialect and transport. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

interface Attached {
  fileId?: string;
  external?: boolean;
  filename?: string;
  size?: number;
}
/** What a send answers, whichever way it went. */
interface Outcome {
  code: string | undefined;
  message?: { id: string; media: Attached[]; messageType: string };
}

let server: TestServer;
let alice: TestUser;
let bob: TestUser;
let chatId: string;
let socket: TestSocket;
let picture: Buffer;
beforeAll(async () => {
  server = await startServer();
  ({ alice, bob, chatId } = await openDirectChat(server));
  socket = await TestSocket.connect(server, alice);
  picture = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#c33' } })
    .png()
    .toBuffer();
});
afterAll(async () => {
  socket.close();
  await server.close();
});

/** A file of somebody, uploaded to the chat or to none. */
const uploaded = async (
  by = alice,
  to: string | undefined = chatId,
): Promise<{ fileId: string; url: string; thumbnailUrl: string; size: number }> => {
  if (to === undefined) {
    const { body } = await server.http.get('/api/media/get-upload-token').set(by.auth).expect(200);
    const { uploadUrl } = body.data as { uploadUrl: string };
    const answer = await server.http.post(uploadUrl).attach('file', picture, 'a.png').expect(201);
    return answer.body.data as never;
  }
  const answer = await server.http
    .post('/api/media/upload-chat-media')
    .set(by.auth)
    .attach('file', picture, 'a.png')
    .field('chatId', to)
    .expect(201);
  return answer.body.data as never;
};

const overRest = async (path: string, body: object): Promise<Outcome> => {
  const answer = await server.http.post(path).set(alice.auth).send(body);
  return { code: answer.body.code as string, message: answer.body.data as never };
};
const overSocket = async (event: string, payload: object): Promise<Outcome> => {
  const { error, data } = await socket.command(event, payload);
  return { code: error?.code, message: data as never };
};

/** Every way to send an attachment. */
const WAYS: [string, (media: unknown, more?: object) => Promise<Outcome>][] = [
  ['POST /api/messages', (media, more) => overRest('/api/messages', { chatId, media, ...more })],
  [
    'POST /api/v0/chat/send',
    (media, more) => overRest('/api/v0/chat/send', { receiverId: bob.id, media, ...more }),
  ],
  [
    'POST /api/chat/message',
    (media, more) => overRest('/api/chat/message', { conversationId: chatId, media, ...more }),
  ],
  ['send_media', (media, more) => overSocket('send_media', { chatId, media, ...more })],
  [
    'send_message of v0',
    (media, more) => overSocket('send_message', { receiverId: bob.id, media, ...more }),
  ],
  [
    'send:message',
    (media, more) => overSocket('send:message', { conversationId: chatId, media, ...more }),
  ],
  ['send-message', (media, more) => overSocket('send-message', { room: chatId, media, ...more })],
];

describe.each(WAYS)('an attachment sent by %s', (_, send) => {
  it('is my upload when it is named by the address that the upload answered with', async () => {
    const { fileId, url, size } = await uploaded();
    const { message } = await send([{ url }]);
    expect(message).toMatchObject({ messageType: 'image' });
    expect(message!.media).toMatchObject([{ fileId, filename: 'a.png', size }]);
    expect(message!.media[0]!.external).toBeUndefined();
  });

  it('is my upload by every spelling of its address, and whatever else is said of it', async () => {
    const { fileId, url, thumbnailUrl } = await uploaded();
    const says = { type: 'video', filename: 'x.exe', size: 7 };
    for (const address of [
      `${server.url}${url}`,
      `https://chat.example.org${url}`,
      `https://chat.example.org/parley${url}`,
      `/media/${fileId}`,
      thumbnailUrl,
      url.replace(/e=\d+/, 'e=1'),
    ]) {
      const { message, code } = await send([{ ...says, url: address }]);
      expect([address, code, message?.media[0]]).toEqual([
        address,
        undefined,
        expect.objectContaining({ fileId, filename: 'a.png', type: 'image' }),
      ]);
    }
  });

  it('is never an upload of somebody else, nor one that there is not', async () => {
    const { fileId, url } = await uploaded(bob);
    for (const address of [url, `https://x.example${url}`, `/media/${fileId}`]) {
      expect(await send([{ url: address }])).toMatchObject({ code: 'NOT_FOUND' });
    }
    expect(await send([{ url: `/media/${'0'.repeat(24)}` }])).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is a foreign file when only its address looks like ours', async () => {
    const { fileId } = await uploaded();
    const { message } = await send([{ url: `https://x.example/media/${fileId}`, type: 'image' }]);
    expect(message!.media).toMatchObject([{ external: true }]);
    const forged = `http://x.example/media/${fileId}?e=99999999999&s=${'A'.repeat(43)}`;
    expect(await send([{ url: forged, type: 'image' }])).toMatchObject({ code: 'VALIDATION' });
  });

  it('may be an upload whose permission named no chat', async () => {
    const { fileId, url } = await uploaded(alice, undefined);
    expect((await send([{ url }])).message!.media).toMatchObject([{ fileId }]);
  });

  it('is the same file in a retry that names it by a fresh address', async () => {
    const { fileId, url } = await uploaded();
    const clientMessageId = `retry-${fileId}`;
    const first = await send([{ url }], { clientMessageId });
    const again = await send([{ url: `/media/${fileId}` }], { clientMessageId });
    expect([again.code, again.message?.id]).toEqual([undefined, first.message!.id]);
  });
});

describe('an upload whose permission named no chat', () => {
  it('is its owner’s alone until it is sent, and then the members’ too', async () => {
    const { fileId } = await uploaded(alice, undefined);
    const look = (by: TestUser) => server.http.get(`/media/${fileId}`).set(by.auth);
    await look(alice).expect(200);
    await look(bob).expect(404);
    await server.http
      .post('/api/messages')
      .set(alice.auth)
      .send({ chatId, media: [{ fileId, url: 'x' }] })
      .expect(201);
    await look(bob).expect(200);
    await look(await registerUser(server)).expect(404);
  });

  it('may be sent to several chats', async () => {
    const { fileId, url } = await uploaded(alice, undefined);
    const carol = await registerUser(server);
    const other = await openChatBetween(server, alice, carol);
    for (const target of [chatId, other]) {
      await server.http
        .post('/api/messages')
        .set(alice.auth)
        .send({ chatId: target, media: [{ url }] })
        .expect(201);
    }
    await server.http.get(`/media/${fileId}`).set(carol.auth).expect(200);
  });
});
