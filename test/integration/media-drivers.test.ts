/** Remote stores: every driver against a stand-in that checks what the real store checks. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import sharp from 'sharp';
import { S3Driver } from '../../src/platform/storage/s3.driver.js';
import { closeAfterEach } from '../support/closing.js';
import type { FakeStore } from '../support/fake-stores.js';
import { startFakeCloudinary, startFakeImageKit, startFakeS3 } from '../support/fake-stores.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';

const PDF = Buffer.from('%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n');

/** Longer than uploads without a use are kept. */
const LATER_MS = 3 * 24 * 3_600_000;

const redSquare = (): Promise<Buffer> =>
  sharp({ create: { width: 20, height: 20, channels: 3, background: '#c33' } })
    .png()
    .toBuffer();

/** Where a client may put a file. */
interface DirectTarget {
  fileId: string;
  uploadUrl: string;
  fields: Record<string, string>;
}

/** A store, and the settings that name it. */
interface Setup {
  name: string;
  start(): Promise<FakeStore>;
  env(url: string): Record<string, string>;
  /** Where the store keeps a key. */
  prefix: string;
}

const SETUPS: Setup[] = [
  {
    name: 'imagekit',
    start: () => startFakeImageKit('private_key'),
    env: (url) => ({
      Image_Kit_Public_Key_Owner: 'public_key',
      Image_Kit_Private_Key_Owner: 'private_key',
      Image_Kit_URL: url,
      IMAGEKIT_API_URL: url,
    }),
    prefix: '/',
  },
  {
    name: 's3',
    start: () => startFakeS3('key-id', 'key-secret'),
    env: (url) => ({
      S3_BUCKET: 'bucket',
      S3_ENDPOINT: url,
      S3_FORCE_PATH_STYLE: 'true',
      S3_ACCESS_KEY_ID: 'key-id',
      S3_SECRET_ACCESS_KEY: 'key-secret',
    }),
    prefix: '/bucket/',
  },
  {
    name: 'cloudinary',
    start: () => startFakeCloudinary('key', 'secret'),
    env: (url) => ({
      CLOUDINARY_CLOUD_NAME: 'demo',
      CLOUDINARY_API_KEY: 'key',
      CLOUDINARY_API_SECRET: 'secret',
      CLOUDINARY_API_URL: url,
    }),
    prefix: '/',
  },
];

describe('an S3 store that does not answer', () => {
  let folder: string;
  let path: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-s3-'));
    path = join(folder, 'a.pdf');
    await writeFile(path, PDF);
  });
  afterAll(() => rm(folder, { recursive: true }));
  const closeAfter = closeAfterEach();
  const connectTo = async (answer: RequestListener): Promise<S3Driver> => {
    const store = createServer(answer);
    await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
    closeAfter(async () => {
      store.closeAllConnections();
      await new Promise((resolve) => store.close(resolve));
    });
    return new S3Driver({
      bucket: 'bucket',
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${(store.address() as AddressInfo).port}`,
      accessKeyId: 'key-id',
      secretAccessKey: 'key-secret',
      forcePathStyle: true,
      timeoutMs: 300,
    });
  };
  const unavailable = { code: 'STORAGE_UNAVAILABLE', status: 503 };

  it('is given up after the timeout', async () => {
    const s3 = await connectTo((req) => req.resume());
    const file = { key: 'a.pdf', mimeType: 'application/pdf', size: PDF.length };
    await expect(s3.put(path, file)).rejects.toMatchObject(unavailable);
    await expect(s3.remove('a.pdf')).rejects.toMatchObject(unavailable);
    await expect(s3.download('a.pdf', `${path}.copy`, 1000)).rejects.toMatchObject(unavailable);
  });

  it('is given up also when an answer stops in its middle', async () => {
    const s3 = await connectTo((req, res) => {
      req.resume();
      res.writeHead(200, { 'content-length': 1000 }).write('the beginning');
    });
    await expect(s3.download('a.pdf', `${path}.copy`, 2000)).rejects.toMatchObject(unavailable);
  });

  it('is reported as unavailable also for a file that cannot be read', async () => {
    const s3 = await connectTo((req) => req.resume());
    const file = { key: 'a.pdf', mimeType: 'application/pdf', size: PDF.length };
    await expect(s3.put(join(folder, 'none'), file)).rejects.toMatchObject(unavailable);
  });
});

describe.each(SETUPS)('$name', ({ start, env, prefix }) => {
  const closeAfter = closeAfterEach();
  let store: FakeStore;
  let server: TestServer;
  let alice: TestUser;
  let chatId: string;
  let dataDir: string;
  let database: MongoClient;
  /** How far the server's clock goes ahead, in milliseconds. */
  let ahead = 0;
  const rowCount = () => database.db().collection('media').countDocuments();
  beforeAll(async () => {
    store = await start();
    dataDir = await mkdtemp(join(tmpdir(), 'parley-drivers-'));
    server = await startServer({
      env: { ...env(store.url), DATA_DIR: dataDir },
      clock: { now: () => Date.now() + ahead },
    });
    database = await MongoClient.connect(server.mongodbUri);
    ({ alice, chatId } = await openDirectChat(server));
  });
  afterAll(async () => {
    await database.close();
    await server.close();
    await store.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  const upload = () =>
    server.http
      .post('/api/media/upload-chat-media')
      .set(alice.auth)
      .attach('file', PDF, 'a.pdf')
      .field('chatId', chatId);

  const allow = async (node = server, query: object = {}): Promise<DirectTarget> => {
    const { body } = await node.http
      .get('/api/media/get-upload-token')
      .query({ chatId, ...query })
      .set(alice.auth)
      .expect(200);
    return body.data as DirectTarget;
  };
  const put = async ({ uploadUrl, fields }: DirectTarget, content: Buffer = PDF) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    form.set('file', new Blob([new Uint8Array(content)]), 'a.pdf');
    expect((await fetch(uploadUrl, { method: 'POST', body: form })).ok).toBe(true);
  };
  const complete = (fileId: string, node = server, said: object = {}) =>
    node.http
      .post('/api/media/complete')
      .set(alice.auth)
      .send({ fileId, ...said });
  const direct = () => [...store.objects.keys()].filter((path) => path.includes('/direct/'));

  it('stores a file in the chat’s folder, serves it by a signed address, and removes it', async () => {
    const { body } = await upload().expect(201);
    const { fileId, url } = body.data as { fileId: string; url: string };
    const path = `${prefix}uploads/chat/${chatId}/${fileId}.pdf`;
    expect(store.objects.get(path)?.content).toEqual(PDF);
    const { headers } = await server.http.get(url).redirects(0).expect(302);
    const location = headers.location as string;
    const served = await fetch(location);
    expect(Buffer.from(await served.arrayBuffer())).toEqual(PDF);
    const unsigned = await fetch(location.split('?')[0]!);
    expect(unsigned.ok).toBe(false);
    await server.http.post('/api/media/delete').set(alice.auth).send({ fileId }).expect(200);
    expect(store.objects.size).toBe(0);
  });

  it('takes a direct upload and checks it before it can be used', async () => {
    const send = async (content: Buffer, said: { filename?: string } = {}) => {
      const target = await allow(server, { filename: 'a report.pdf' });
      await put(target, content);
      return complete(target.fileId, server, said);
    };
    const good = await send(PDF);
    expect([good.status, good.body.data?.mimeType]).toEqual([200, 'application/pdf']);
    expect(good.body.data.filename).toBe('a report.pdf');
    const renamed = await send(PDF, { filename: '../minutes.exe' });
    expect(renamed.body.data.filename).toBe('minutes.exe.pdf');
    const bad = await send(Buffer.from('<script>1</script>'));
    expect(bad.status).toBe(415);
    const { fileId } = await allow();
    await complete(fileId).expect(404);
  });

  it('takes a direct upload that is for no chat yet, and sends it by its address', async () => {
    const { body } = await server.http
      .get('/api/media/get-upload-token')
      .set(alice.auth)
      .expect(200);
    const target = body.data as DirectTarget;
    await put(target);
    const { body: completed } = await complete(target.fileId).expect(200);
    const { url, fileId } = completed.data as { url: string; fileId: string };
    const sent = await server.http
      .post('/api/messages')
      .set(alice.auth)
      .send({ chatId, media: [{ url }] })
      .expect(201);
    expect(sent.body.data.media).toMatchObject([{ fileId, size: PDF.length }]);
    const { headers } = await server.http
      .get(sent.body.data.media[0].url as string)
      .redirects(0)
      .expect(302);
    expect((await fetch(headers.location as string)).ok).toBe(true);
  });

  it('refuses an upload while the store is away, and keeps no row, object or temporary file', async () => {
    const [rows, objects] = [await rowCount(), store.objects.size];
    store.setDown(true);
    const answer = await upload();
    store.setDown(false);
    expect([answer.status, answer.body.code]).toEqual([503, 'STORAGE_UNAVAILABLE']);
    expect(await rowCount()).toBe(rows);
    expect(store.objects.size).toBe(objects);
    expect(await readdir(join(dataDir, 'media', 'tmp'))).toEqual([]);
  });

  it('keeps the row of an image whose first half is in the store, until that is removed', async () => {
    const rows = await rowCount();
    const objects = store.objects.size;
    store.setDown(true, 1);
    const image = await redSquare();
    const answer = await server.http
      .post('/api/media/upload-chat-media')
      .set(alice.auth)
      .attach('file', image, 'a.png')
      .field('chatId', chatId);
    expect([answer.status, answer.body.code]).toEqual([503, 'STORAGE_UNAVAILABLE']);
    expect(await rowCount()).toBe(rows + 1);
    store.setDown(false);
    ahead = LATER_MS;
    await server.app.collectOrphans();
    ahead = 0;
    expect(await rowCount()).toBeLessThanOrEqual(rows);
    expect(store.objects.size).toBeLessThanOrEqual(objects);
  });

  it('cleans up direct uploads that never complete, and those that come again', async () => {
    const never = await allow();
    await put(never);
    const again = await allow();
    await put(again);
    const { fileId } = again;
    const completed = await complete(fileId).expect(200);
    await server.http
      .post('/api/messages')
      .set(alice.auth)
      .send({ chatId, media: completed.body.data as object })
      .expect(201);
    await put(again);
    expect(direct()).toHaveLength(2);
    ahead = LATER_MS;
    await server.app.collectOrphans();
    ahead = 0;
    expect(direct()).toEqual([]);
    const { body } = await server.http
      .get(`/api/media/${fileId}/metadata`)
      .set(alice.auth)
      .expect(200);
    const { headers } = await server.http
      .get(body.data.url as string)
      .redirects(0)
      .expect(302);
    expect((await fetch(headers.location as string)).ok).toBe(true);
  });

  it('lets a direct upload be completed again after the store was away, at whatever step', async () => {
    for (const calls of [0, 1, 2, 3]) {
      const target = await allow();
      await put(target);
      store.setDown(true, calls);
      const first = await complete(target.fileId);
      store.setDown(false);
      expect([200, 503]).toContain(first.status);
      const { body } = await complete(target.fileId).expect(200);
      expect(body.data).toMatchObject({ fileId: target.fileId, size: PDF.length });
    }
  });

  it('keeps nothing of an upload that it has taken without an answer coming', async () => {
    const [rows, objects] = [await rowCount(), store.objects.size];
    store.loseAnswer(0);
    const answer = await upload();
    expect([answer.status, answer.body.code]).toEqual([503, 'STORAGE_UNAVAILABLE']);
    expect(store.objects.size).toBe(objects + 1);
    ahead = LATER_MS;
    await server.app.collectOrphans();
    ahead = 0;
    expect(await rowCount()).toBeLessThanOrEqual(rows);
    expect(store.objects.size).toBeLessThanOrEqual(objects);
  });

  it('lets a direct upload be completed again after an answer was lost, at whatever step', async () => {
    for (const answers of [0, 1, 2, 3, 4]) {
      const target = await allow();
      await put(target);
      store.loseAnswer(answers);
      expect([200, 503]).toContain((await complete(target.fileId)).status);
      store.loseAnswer(Infinity);
      const { body } = await complete(target.fileId).expect(200);
      expect(body.data).toMatchObject({ fileId: target.fileId, size: PDF.length });
    }
  });

  it('names the bad file among several also when the store goes away', async () => {
    store.setDown(true, 1);
    const answer = await server.http
      .post('/api/media/bulk-upload')
      .set(alice.auth)
      .attach('files', PDF, 'a.pdf')
      .attach('files', Buffer.from('<script>1</script>'), 'b.pdf')
      .field('chatId', chatId);
    store.setDown(false);
    expect([answer.status, answer.body.errors?.[0]?.path]).toEqual([415, 'files.1']);
  });

  it('keeps nothing of a direct upload that is beyond the quota', async () => {
    const small = await startServer({
      mongodbUri: server.mongodbUri,
      env: { ...env(store.url), DATA_DIR: dataDir, MEDIA_QUOTA_MB: '1' },
    });
    closeAfter(() => small.close());
    const before = direct();
    const target = await allow(small);
    await put(target, Buffer.concat([PDF, Buffer.alloc(1_200_000)]));
    const { status, body } = await complete(target.fileId, small);
    expect([status, body.code]).toEqual([507, 'INSUFFICIENT_STORAGE']);
    expect(direct()).toEqual(before);
    await complete(target.fileId, small).expect(404);
  });

  it('lets no client cache a redirect for longer than its address works', async () => {
    const { body } = await upload().expect(201);
    const { headers } = await server.http
      .get(body.data.url as string)
      .redirects(0)
      .expect(302);
    expect(headers['cache-control']).toBe('private, max-age=60');
    const avatar = await server.http
      .post('/api/users/avatar')
      .set(alice.auth)
      .attach('avatar', await redSquare(), 'me.png')
      .expect(200);
    const shown = await server.http
      .get(avatar.body.data.avatar as string)
      .redirects(0)
      .expect(302);
    expect(shown.headers['cache-control']).toBe('private, max-age=60');
  });
});
