/** Uploads: what is taken, what is refused, who may see it, and what is left behind. */
import { once } from 'node:events';
import { readdir, rm, truncate } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ObjectId } from 'mongodb';
import sharp from 'sharp';
import type { Response } from 'supertest';
import { openAccounts } from '../support/accounts.js';
import { eventually } from '../support/eventually.js';
import { movOf, mp3Of, mp4Of, oggOf, wavOf, webmOf } from '../support/media-samples.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openChatBetween, openDirectChat, registerUser, startServer } from '../support/server.js';

interface MediaBody {
  fileId: string;
  url: string;
  thumbnailUrl: string | null;
  type: string;
  filename: string;
  size: number;
  mimeType: string;
  width: number | null;
  height: number | null;
  duration: number | null;
}

let server: TestServer;
let alice: TestUser;
let bob: TestUser;
let stranger: TestUser;
let chatId: string;
let dataDir: string;

beforeAll(async () => {
  dataDir = join('/tmp', `parley-media-${process.pid}-${Date.now()}`);
  server = await startServer({ env: { DATA_DIR: dataDir, MAX_UPLOAD_MB: '2' } });
  ({ alice, bob, chatId } = await openDirectChat(server));
  stranger = await registerUser(server);
});
afterAll(async () => {
  await server.close();
  await rm(dataDir, { recursive: true, force: true });
});

const PDF = Buffer.from('%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n');
const png = (width = 40, height = 30): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: '#c33' } })
    .png()
    .toBuffer();

const upload = async (file: Buffer, name: string, by = alice): Promise<Response> =>
  server.http
    .post('/api/media/upload-chat-media')
    .set(by.auth)
    .attach('file', file, name)
    .field('chatId', chatId);
const uploaded = async (file: Buffer, name: string): Promise<MediaBody> => {
  const answer = await upload(file, name);
  expect(answer.status).toBe(201);
  return (answer.body as { data: MediaBody }).data;
};
const send = async (media: unknown, by = alice): Promise<Response> =>
  server.http.post('/api/messages').set(by.auth).send({ chatId, messageType: 'image', media });

/** The path of every file below the data directory. */
const filesOnDisk = async (): Promise<string[]> => {
  const entries = await readdir(join(dataDir, 'media'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
};

/** Of an upload that ends early, the server removes the file in its own time. */
const untilNothingComesIn = () =>
  eventually(async () => (await readdir(join(dataDir, 'media', 'tmp'))).length === 0);

describe('an upload', () => {
  it('of an image is stored with its size and a thumbnail, and without its EXIF', async () => {
    const photo = await sharp({
      create: { width: 800, height: 400, channels: 3, background: '#3c3' },
    })
      .jpeg()
      .withExif({ IFD0: { Copyright: 'a secret place' } })
      .toBuffer();
    expect(photo.includes('a secret place')).toBe(true);
    const media = await uploaded(photo, 'photo.jpg');
    expect(media).toMatchObject({ type: 'image', mimeType: 'image/jpeg', width: 800, height: 400 });
    const full = await server.http.get(media.url).buffer();
    const stored = full.body as Buffer;
    expect((await sharp(stored).metadata()).exif).toBeUndefined();
    expect(stored.includes('a secret place')).toBe(false);
    const small = await server.http.get(media.thumbnailUrl!).buffer();
    expect(await sharp(small.body as Buffer).metadata()).toMatchObject({
      format: 'webp',
      width: 320,
    });
  });

  it('of an animation stays animated', async () => {
    const frames = await Promise.all(
      ['#c33', '#3c3', '#33c'].map((background) =>
        sharp({ create: { width: 20, height: 10, channels: 3, background } })
          .png()
          .toBuffer(),
      ),
    );
    const animation = await sharp(frames, { join: { animated: true } })
      .gif({ delay: [100, 200, 300], loop: 0 })
      .toBuffer();
    const media = await uploaded(animation, 'wave.gif');
    expect(media).toMatchObject({ mimeType: 'image/gif', width: 20, height: 10, duration: null });
    const { body } = await server.http.get(media.url).buffer();
    expect(await sharp(body as Buffer, { animated: true }).metadata()).toMatchObject({
      format: 'gif',
      pages: 3,
      delay: [100, 200, 300],
    });
  });

  const { content: mp3, seconds: mp3Seconds } = mp3Of(100);
  it.each([
    ['a.wav', wavOf(2), 2],
    ['a.mp3', mp3, mp3Seconds],
    ['a.ogg', oggOf(3), 3],
    ['a.webm', webmOf(4), 4],
    ['a.mp4', mp4Of(7), 7],
    ['a.mov', movOf(9), 9],
  ])('of %s is stored with how long it plays', async (name, file, seconds) => {
    const media = await uploaded(file, name);
    expect(media.duration).toBeCloseTo(seconds, 2);
    const sent = await send(media);
    expect(sent.body.data.media).toMatchObject([{ duration: media.duration }]);
  });

  it('of a recording whose headers are cut off is stored without its length', async () => {
    const media = await uploaded(mp4Of(7).subarray(0, 110), 'cut.mp4');
    expect(media).toMatchObject({ mimeType: 'video/mp4', duration: null });
  });

  it('gets its type from its content, whatever its name says', async () => {
    const media = await uploaded(await png(), 'invoice.pdf');
    expect(media).toMatchObject({
      type: 'image',
      mimeType: 'image/png',
      filename: 'invoice.pdf.png',
    });
  });

  it('of a document is only ever served as a download', async () => {
    const media = await uploaded(PDF, 'report.pdf');
    expect(media).toMatchObject({ type: 'file', thumbnailUrl: null, width: null });
    const answer = await server.http.get(media.url).buffer();
    expect(answer.headers['content-disposition']).toContain('attachment; filename="report.pdf"');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['content-security-policy']).toContain('sandbox');
  });

  it.each(['Offer 2026.05.12', 'été (1) "final".pdf', '日本語.pdf', '👩‍👩‍👧.pdf'])(
    'named %j keeps its name, which its download says to every browser',
    async (name) => {
      const media = await uploaded(PDF, name);
      const filename = name.endsWith('.pdf') ? name : `${name}.pdf`;
      expect(media.filename).toBe(filename);
      const answer = await server.http.get(media.url).buffer();
      const header = String(answer.headers['content-disposition']);
      expect(header).toMatch(/^attachment; filename="[\x20-\x7e]*"; filename\*=UTF-8''[^\s"]+$/);
      expect(decodeURIComponent(header.split("UTF-8''")[1]!)).toBe(filename);
    },
  );

  it('whose name tries to be a path or a header gets a harmless name', async () => {
    const hostile = '../../etc/pass"wd\r\nSet-Cookie: x=1.png';
    const media = await uploaded(await png(), hostile);
    expect(media.filename).not.toMatch(/[\r\n/\\]/);
    const answer = await server.http.get(media.url);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });
});

describe('a refused upload leaves nothing', () => {
  const refused = async (file: Buffer, name: string): Promise<[number, string]> => {
    const before = await filesOnDisk();
    const answer = await upload(file, name);
    expect(await filesOnDisk()).toEqual(before);
    return [answer.status, (answer.body as { code: string }).code];
  };

  it.each([
    ['text under an image’s name', Buffer.from('hello, this is text'), 'photo.png'],
    ['a script behind the first bytes of a GIF', Buffer.from('GIF89a<script>1</script>'), 'a.gif'],
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'), 'a.svg'],
    ['HTML', Buffer.from('<!doctype html><script>1</script>'), 'a.html'],
    ['a program', Buffer.from('MZ\x90\x00\x03\x00\x00\x00'), 'setup.pdf'],
    ['an empty file', Buffer.alloc(0), 'a.png'],
  ])('when it is %s', async (_name, file, name) => {
    expect(await refused(file, name)).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  it('when it is an image of 50,000 pixels a side', async () => {
    const bomb = await sharp({
      create: { width: 50_000, height: 2001, channels: 3, background: '#000' },
      limitInputPixels: false,
    })
      .png()
      .toBuffer();
    expect(await refused(bomb, 'bomb.png')).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });

  it('when it is over the size limit', async () => {
    expect(await refused(Buffer.alloc(2 * 1024 * 1024 + 1, 1), 'a.png')).toEqual([
      413,
      'PAYLOAD_TOO_LARGE',
    ]);
  });

  it.each(['a[4294967294]', 'a[x]', `${'x'.repeat(100)}`, '__proto__'])(
    'when its form has the field %s, and is refused at once',
    async (field) => {
      const answer = await server.http
        .post('/api/media/upload-chat-media')
        .set(alice.auth)
        .field(field, '1')
        .field('chatId', chatId)
        .attach('file', PDF, 'a.pdf');
      expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION']);
    },
  );

  it('when it breaks off', async () => {
    await untilNothingComesIn();
    const before = await filesOnDisk();
    const req = request(`${server.url}/api/media/upload-chat-media`, {
      method: 'POST',
      headers: {
        ...alice.auth,
        'content-type': 'multipart/form-data; boundary=b',
        'content-length': '100000',
      },
    });
    req.on('error', () => undefined);
    req.write('--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF');
    await eventually(async () => (await filesOnDisk()).length > before.length);
    req.destroy();
    await untilNothingComesIn();
    expect(await filesOnDisk()).toEqual(before);
  });

  it('when it breaks off as soon as it has begun', async () => {
    await untilNothingComesIn();
    const before = await filesOnDisk();
    const form = Buffer.concat([
      Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'),
      PDF,
    ]);
    const ends: (() => void)[] = [];
    const countEnd = (_: unknown, res: ServerResponse) => res.once('close', () => ends.pop()?.());
    // When the connection ends before the server has named the file, an error that nobody owned would end
    // the process, and fails this suite.
    const breakOff = () =>
      new Promise<void>((resolve) => {
        const req = request(`${server.url}/api/media/upload-chat-media`, {
          method: 'POST',
          agent: false,
          headers: {
            ...alice.auth,
            'content-type': 'multipart/form-data; boundary=b',
            'content-length': '1000',
          },
        });
        req.on('error', () => undefined);
        req.on('close', resolve);
        req.write(form, () => req.destroy());
      });
    const ended = Array.from({ length: 50 }, () => new Promise<void>((end) => ends.push(end)));
    server.app.httpServer.on('request', countEnd);
    await Promise.all(ended.map(breakOff));
    // The server has seen them all; what it had begun to write for them is older than the next upload.
    await Promise.all(ended);
    server.app.httpServer.off('request', countEnd);
    expect((await upload(Buffer.from('neither'), 'a.txt')).status).toBe(415);
    await untilNothingComesIn();
    expect(await filesOnDisk()).toEqual(before);
  });

  it('also of the other files when one of several is not allowed', async () => {
    const before = await filesOnDisk();
    const answer = await server.http
      .post('/api/media/bulk-upload')
      .set(alice.auth)
      .field('chatId', chatId)
      .attach('files', await png(), 'a.png')
      .attach('files', Buffer.from('nothing'), 'b.png');
    expect(answer.status).toBe(415);
    expect(answer.body).toMatchObject({ errors: [{ path: 'files.1' }] });
    expect(await filesOnDisk()).toEqual(before);
  });
});

describe('a file', () => {
  it('is shown to its sender, to the members once it is sent, and to nobody else', async () => {
    const media = await uploaded(await png(), 'a.png');
    const address = `/media/${media.fileId}`;
    await server.http.get(address).expect(401);
    await server.http.get(address).set(alice.auth).expect(200);
    await server.http.get(address).set(bob.auth).expect(404);
    await send(media).then(({ status }) => expect(status).toBe(201));
    await server.http.get(address).set(bob.auth).expect(200);
    await server.http.get(address).set(stranger.auth).expect(404);
    await server.http.get(`/api/media/${media.fileId}/metadata`).set(bob.auth).expect(200);
    await server.http.get(`/api/media/${media.fileId}/metadata`).set(stranger.auth).expect(404);
  });

  it('is served by a signed address without a token, and not when the address is changed', async () => {
    const { url } = await uploaded(await png(), 'a.png');
    await server.http.get(url).expect(200);
    await server.http.get(url.replace(/u=.{24}/, `u=${bob.id}`)).expect(404);
    await server.http.get(url.replace(/e=\d/, 'e=9')).expect(404);
  });

  it('is served by the address in a message without a token while the message is there', async () => {
    const { body } = await send(await uploaded(await png(), 'a.png'));
    const { id, media } = body.data as { id: string; media: MediaBody[] };
    const { url, thumbnailUrl } = media[0]!;
    await server.http.get(url).expect(200);
    await server.http.get(thumbnailUrl!).expect(200);
    const read = await server.http.get(`/api/messages/${id}`).set(bob.auth).expect(200);
    await server.http.get((read.body.data as { media: MediaBody[] }).media[0]!.url).expect(200);
    await server.http.delete(`/api/messages/${id}`).set(alice.auth).expect(200);
    await server.http.get(url).expect(404);
  });

  it('is not shown to somebody whose account is closed, by any address', async () => {
    const dora = await registerUser(server);
    const direct = await openChatBetween(server, alice, dora);
    const { body } = await server.http
      .post('/api/media/upload-chat-media')
      .set(dora.auth)
      .attach('file', await png(), 'a.png')
      .field('chatId', direct)
      .expect(201);
    const { url } = body.data as MediaBody;
    await server.http.get(url).expect(200);
    const accounts = await openAccounts(server);
    try {
      // As another node does it that this one does not hear.
      await accounts.db
        .collection('users')
        .updateOne({ _id: new ObjectId(dora.id) }, { $set: { deactivatedAt: new Date() } });
    } finally {
      await accounts.close();
    }
    await server.http.get(url).expect(404);
  });

  it('is shown to its owner alone after the message is deleted', async () => {
    const media = await uploaded(await png(), 'a.png');
    const sent = await send(media);
    const { id } = (sent.body as { data: { id: string } }).data;
    await server.http.get(`/media/${media.fileId}`).set(bob.auth).expect(200);
    await server.http.delete(`/api/messages/${id}`).set(alice.auth).expect(200);
    await server.http.get(`/media/${media.fileId}`).set(bob.auth).expect(404);
  });

  it('is not shown to members from the moment on that they leave or are removed', async () => {
    const carol = await registerUser(server);
    await openChatBetween(server, alice, carol);
    const group = await server.http
      .post('/api/chats')
      .set(alice.auth)
      .send({ kind: 'group', name: 'Pictures', memberIds: [bob.id, carol.id] })
      .expect(201);
    const { id } = group.body.data as { id: string };
    const { body } = await server.http
      .post('/api/media/upload-chat-media')
      .set(alice.auth)
      .attach('file', await png(), 'a.png')
      .field('chatId', id);
    const media = body.data as MediaBody;
    await server.http
      .post('/api/messages')
      .set(alice.auth)
      .send({ chatId: id, messageType: 'image', media })
      .expect(201);
    const look = (by: TestUser) => server.http.get(`/media/${media.fileId}`).set(by.auth);
    await look(bob).expect(200);
    const facts = await server.http
      .get(`/api/media/${media.fileId}/metadata`)
      .set(bob.auth)
      .expect(200);
    const own = (facts.body.data as MediaBody).url;
    await server.http.get(own).expect(200);
    await server.http.delete(`/api/chats/${id}/members/${bob.id}`).set(alice.auth).expect(200);
    await look(bob).expect(404);
    await server.http.get(own).expect(404);
    await server.http.get(`/api/media/${media.fileId}/metadata`).set(bob.auth).expect(404);
    await look(carol).expect(200);
    await server.http.post(`/api/chats/${id}/leave`).set(carol.auth).expect(200);
    await look(carol).expect(404);
    await look(alice).expect(200);
  });

  it('is not shown in a direct chat while one person blocks the other', async () => {
    const direct = await openDirectChat(server);
    const { body } = await server.http
      .post('/api/media/upload-chat-media')
      .set(direct.alice.auth)
      .attach('file', await png(), 'a.png')
      .field('chatId', direct.chatId);
    const media = body.data as MediaBody;
    await server.http
      .post('/api/messages')
      .set(direct.alice.auth)
      .send({ chatId: direct.chatId, messageType: 'image', media })
      .expect(201);
    const look = () => server.http.get(`/media/${media.fileId}`).set(direct.bob.auth);
    const set = (action: 'block' | 'unblock') =>
      server.http.post(`/api/chats/${direct.chatId}/${action}`).set(direct.alice.auth).expect(200);
    await look().expect(200);
    await set('block');
    await look().expect(404);
    await server.http.get(`/media/${media.fileId}`).set(direct.alice.auth).expect(200);
    await set('unblock');
    await look().expect(200);
  });

  it('is served in parts and conditionally', async () => {
    const { url } = await uploaded(PDF, 'a.pdf');
    const part = await server.http.get(url).set('Range', 'bytes=0-3').buffer();
    expect([part.status, (part.body as Buffer).toString()]).toEqual([206, '%PDF']);
    const { etag } = part.headers as { etag: string };
    await server.http.get(url).set('If-None-Match', etag).expect(304);
    const beyond = await server.http.get(url).set('Range', 'bytes=99999-').expect(416);
    expect(beyond.headers['content-range']).toBe(`bytes */${PDF.length}`);
    const changed = await server.http.get(url).set('If-Match', '"another"').expect(412);
    for (const { body, headers } of [beyond, changed]) {
      expect(body).toMatchObject({ success: false, code: expect.any(String) });
      expect(headers).toMatchObject({
        'content-type': expect.stringContaining('application/json'),
      });
      expect(headers).not.toHaveProperty('content-disposition');
    }
    expect([beyond.body.code, changed.body.code]).toEqual([
      'RANGE_NOT_SATISFIABLE',
      'PRECONDITION_FAILED',
    ]);
  });

  it('may be read in part: a download that breaks off is no error', async () => {
    const before = new Set(await filesOnDisk());
    const { url } = await uploaded(PDF, 'a.pdf');
    const [stored] = (await filesOnDisk()).filter((path) => !before.has(path));
    // More than connections hold.
    await truncate(stored!, 50_000_000);
    const seen = once(server.app.httpServer, 'request') as Promise<[unknown, ServerResponse]>;
    const req = request(new URL(url, server.url)).end();
    const [answer] = (await once(req, 'response')) as [IncomingMessage];
    await once(answer, 'data');
    const [, res] = await seen;
    const closed = once(res, 'close');
    answer.destroy();
    await closed;
    expect(res.writableFinished).toBe(false);
    await server.http.get('/health').expect(200);
    const { values } = await server.app.metrics.unhandledErrors.get();
    expect(values.map(({ value }) => value)).toEqual([0]);
  });
});

describe('an attachment', () => {
  it('has the server’s facts, whatever the client says', async () => {
    const media = await uploaded(await png(), 'a.png');
    const { fileId } = media;
    const lie = { fileId, url: 'https://evil.example/x', filename: 'x.exe', size: 1 };
    const { body } = await send(lie);
    expect(body.data.media[0]).toMatchObject({ fileId, filename: 'a.png', size: media.size });
    expect(body.data.media[0].url).not.toContain('evil');
  });

  it('is never an upload of somebody else', async () => {
    const media = await uploaded(await png(), 'a.png');
    const { status, body } = await send(media, bob);
    expect([status, body.code]).toEqual([404, 'NOT_FOUND']);
  });

  it('is a foreign file only with an https address', async () => {
    const { body } = await send({ url: 'https://example.com/image.jpg', type: 'image' });
    expect(body.data.media).toMatchObject([{ external: true }]);
    for (const url of ['javascript:alert(1)', 'data:image/png;base64,AA', 'http://example.com/a']) {
      expect((await send({ url, type: 'image' })).body).toMatchObject({ code: 'VALIDATION' });
    }
  });
});

describe('an upload of mine', () => {
  it('can be removed before it is sent, by me alone', async () => {
    const { fileId } = await uploaded(await png(), 'a.png');
    const remove = (by: TestUser) =>
      server.http.post('/api/media/delete').set(by.auth).send({ fileId });
    await remove(bob).expect(404);
    await remove(alice).expect(200);
    await remove(alice).expect(404);
  });

  it('cannot be removed while a message uses it', async () => {
    const media = await uploaded(await png(), 'a.png');
    await send(media);
    await server.http
      .post('/api/media/delete')
      .set(alice.auth)
      .send({ fileId: media.fileId })
      .expect(409);
  });
});

describe('a direct upload', () => {
  it('takes one file by a permission, once', async () => {
    const { body } = await server.http
      .get('/api/media/get-upload-token')
      .query({ chatId })
      .set(alice.auth)
      .expect(200);
    const { uploadUrl, fileId } = body.data as { uploadUrl: string; fileId: string };
    const forged = uploadUrl.replace(/signature=(.)/, (_, first) =>
      first === 'A' ? 'signature=B' : 'signature=A',
    );
    await server.http.post(forged).attach('file', PDF, 'a.pdf').expect(403);
    const answer = await server.http.post(uploadUrl).attach('file', PDF, 'a.pdf').expect(201);
    expect(answer.body.data).toMatchObject({ fileId, type: 'file', filename: 'a.pdf' });
    await server.http.post(uploadUrl).attach('file', PDF, 'a.pdf').expect(409);
    const sent = await send(answer.body.data);
    expect(sent.status).toBe(201);
  });
});

describe('the native API', () => {
  it('shares a file with a message, lists and counts it, and deletes it', async () => {
    const room = 'file-room';
    const shared = await server.http
      .post('/api/files/upload')
      .set(alice.auth)
      .attach('file', await png(), 'a.png')
      .field('room', room);
    expect(shared.status).toBe(201);
    const { messageId, fileId } = shared.body.data as { messageId: string; fileId: string };
    const list = await server.http.get(`/api/files/media/${room}`).set(bob.auth).expect(200);
    expect(list.body.data).toMatchObject([{ id: messageId, media: [{ fileId }] }]);
    const stats = await server.http.get(`/api/files/stats/${room}`).set(bob.auth).expect(200);
    expect(stats.body.data).toMatchObject({ totalFiles: 1, byType: { image: { count: 1 } } });
    await server.http.delete(`/api/files/${messageId}`).set(bob.auth).expect(404);
    await server.http.delete(`/api/files/${messageId}`).set(alice.auth).expect(200);
    const after = await server.http.get(`/api/files/media/${room}`).set(bob.auth).expect(200);
    expect(after.body.data).toEqual([]);
  });

  it('takes an image as a person’s picture, shows it to everybody, and refuses other files', async () => {
    const set = (file: Buffer, name: string) =>
      server.http.post('/api/users/avatar').set(alice.auth).attach('avatar', file, name);
    const { body } = await set(await png(), 'me.png').expect(200);
    await server.http.get((body.data as { avatar: string }).avatar).expect(200);
    await set(PDF, 'me.pdf').expect(415);
  });
});
