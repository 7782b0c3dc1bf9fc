/** Room, age and scanners: what bounds uploads. */
import { createServer as createHttpServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { MongoClient, ObjectId } from 'mongodb';
import sharp from 'sharp';
import { closeAfterEach } from '../support/closing.js';
import { eventually } from '../support/eventually.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';

const PDF = Buffer.from('%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n');
const pdfOf = (size: number): Buffer => Buffer.concat([PDF, randomBytes(size - PDF.length)]);

const closeAfter = closeAfterEach();

const setUp = async (env: Record<string, string>, now?: () => number) => {
  const server = await startServer({ env, ...(now && { clock: { now } }) });
  closeAfter(() => server.close());
  return { server, ...(await openDirectChat(server)) };
};
const upload = (server: TestServer, by: TestUser, chatId: string, file: Buffer) =>
  server.http
    .post('/api/media/upload-chat-media')
    .set(by.auth)
    .attach('file', file, 'a.pdf')
    .field('chatId', chatId);
const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closeAfter(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
};

describe('the quota of a user', () => {
  it('is kept, also by uploads at the same time, and freed by removing', async () => {
    const { server, alice, bob, chatId } = await setUp({ MEDIA_QUOTA_MB: '1' });
    const first = await upload(server, alice, chatId, pdfOf(700_000)).expect(201);
    const both = await Promise.all([
      upload(server, alice, chatId, pdfOf(300_000)),
      upload(server, alice, chatId, pdfOf(300_000)),
    ]);
    expect(both.filter(({ status }) => status === 201).length).toBeLessThanOrEqual(1);
    expect(both.some(({ body }) => body.code === 'INSUFFICIENT_STORAGE')).toBe(true);
    await upload(server, bob, chatId, pdfOf(300_000)).expect(201);
    const { fileId } = first.body.data as { fileId: string };
    await server.http.post('/api/media/delete').set(alice.auth).send({ fileId }).expect(200);
    await upload(server, alice, chatId, pdfOf(300_000)).expect(201);
  });
});

describe('orphans', () => {
  it('are removed after the grace period, and files that messages use stay', async () => {
    let ahead = 0;
    const { server, alice, chatId } = await setUp(
      { MEDIA_ORPHAN_HOURS: '2' },
      () => Date.now() + ahead,
    );
    const orphan = (await upload(server, alice, chatId, PDF)).body.data as { fileId: string };
    const used = (await upload(server, alice, chatId, PDF)).body.data as { fileId: string };
    await server.http
      .post('/api/messages')
      .set(alice.auth)
      .send({ chatId, media: used })
      .expect(201);
    expect(await server.app.collectOrphans()).toBe(0);
    ahead = 3 * 3_600_000;
    expect(await server.app.collectOrphans()).toBe(1);
    ahead = 0;
    await server.http.get(`/media/${orphan.fileId}`).set(alice.auth).expect(404);
    await server.http.get(`/media/${used.fileId}`).set(alice.auth).expect(200);
  });

  it('of deleted messages are removed a grace period later, and a file in use is looked at once', async () => {
    let ahead = 0;
    const { server, alice, chatId } = await setUp(
      { MEDIA_ORPHAN_HOURS: '2' },
      () => Date.now() + ahead,
    );
    const client = await MongoClient.connect(server.mongodbUri);
    closeAfter(() => client.close());
    const uncertain = () =>
      client
        .db()
        .collection('media')
        .countDocuments({ uncertainSince: { $exists: true } });
    const media = (await upload(server, alice, chatId, PDF)).body.data as { fileId: string };
    const send = async () => {
      const body = { chatId, media };
      const sent = await server.http.post('/api/messages').set(alice.auth).send(body).expect(201);
      return (sent.body.data as { id: string }).id;
    };
    const remove = (id: string) =>
      server.http.delete(`/api/messages/${id}`).set(alice.auth).expect(200);
    const later = async (hours: number) => {
      ahead += hours * 3_600_000;
      return server.app.collectOrphans();
    };
    const [first, second] = [await send(), await send()];
    expect(await uncertain()).toBe(1);
    expect(await later(3)).toBe(0);
    expect(await uncertain()).toBe(0);
    await remove(first);
    expect(await later(3)).toBe(0);
    expect(await uncertain()).toBe(0);
    await remove(second);
    expect(await uncertain()).toBe(1);
    expect(await later(1)).toBe(0);
    expect(await later(2)).toBe(1);
  });

  it('include all pictures of a person but the one shown, whichever of several concurrent uploads that is', async () => {
    let ahead = 0;
    const { server, alice } = await setUp({}, () => Date.now() + ahead);
    const picture = (background: string) =>
      sharp({ create: { width: 20, height: 20, channels: 3, background } })
        .png()
        .toBuffer();
    const set = async (background: string) =>
      server.http
        .post('/api/users/avatar')
        .set(alice.auth)
        .attach('avatar', await picture(background), 'me.png')
        .expect(200);
    await set('#111');
    await Promise.all(['#222', '#333', '#444'].map(set));
    ahead = 25 * 3_600_000;
    expect(await server.app.collectOrphans()).toBe(3);
    ahead = 0;
    const { body } = await server.http.get('/api/users/profile').set(alice.auth).expect(200);
    await server.http.get(body.data.avatar as string).expect(200);
  });

  it('include pictures that were taken off a profile, however long they were shown', async () => {
    let ahead = 0;
    const { server, alice } = await setUp({}, () => Date.now() + ahead);
    const picture = await sharp({
      create: { width: 20, height: 20, channels: 3, background: 'red' },
    })
      .png()
      .toBuffer();
    const set = await server.http
      .post('/api/users/avatar')
      .set(alice.auth)
      .attach('avatar', picture, 'me.png')
      .expect(200);
    const address = set.body.data.avatar as string;
    const aDayLater = () => {
      ahead += 25 * 3_600_000;
      return server.app.collectOrphans();
    };
    expect(await aDayLater()).toBe(0);
    ahead = 0;
    const change = (avatar: string | null) =>
      server.http.put('/api/users/profile').set(alice.auth).send({ avatar }).expect(200);
    await change(null);
    ahead = 25 * 3_600_000;
    // The picture is released after the answer was sent.
    await eventually(async () => (await server.app.collectOrphans()) === 1);
    await server.http.get(address).expect(401);
  });

  it('include a former picture also when the process died before it reported the change', async () => {
    let ahead = 0;
    const { server, alice, bob } = await setUp({}, () => Date.now() + ahead);
    const client = await MongoClient.connect(server.mongodbUri);
    closeAfter(() => client.close());
    const picture = await sharp({
      create: { width: 20, height: 20, channels: 3, background: 'red' },
    })
      .png()
      .toBuffer();
    for (const user of [alice, bob]) {
      await server.http
        .post('/api/users/avatar')
        .set(user.auth)
        .attach('avatar', picture, 'me.png')
        .expect(200);
    }
    const daysLater = (days: number) => {
      ahead += days * 24 * 3_600_000;
      return server.app.collectOrphans();
    };
    expect(await daysLater(2)).toBe(0);
    // As a process leaves it that dies between the write and the event.
    const users = client.db().collection('users');
    await users.updateOne({ _id: new ObjectId(alice.id) }, { $set: { avatar: null } });
    expect(await daysLater(2)).toBe(0);
    expect(await daysLater(30)).toBe(1);
    expect(await daysLater(32)).toBe(0);
    await users.updateOne({ _id: new ObjectId(bob.id) }, { $set: { avatar: null } });
    expect(await daysLater(32)).toBe(1);
  });

  it('never include a file that a message takes at the same moment', async () => {
    const { server, alice, chatId } = await setUp({ RATE_LIMIT_MESSAGES_PER_MINUTE: '1000' });
    for (let i = 0; i < 20; i += 1) {
      const media = (await upload(server, alice, chatId, PDF)).body.data as { fileId: string };
      const [removed, sent] = await Promise.all([
        server.http.post('/api/media/delete').set(alice.auth).send({ fileId: media.fileId }),
        server.http.post('/api/messages').set(alice.auth).send({ chatId, media }),
      ]);
      expect([
        [200, 404],
        [409, 201],
      ]).toContainEqual([removed.status, sent.status]);
      const status = sent.status === 201 ? 200 : 404;
      await server.http.get(`/media/${media.fileId}`).set(alice.auth).expect(status);
    }
  });

  it('are removed in one round, however many came in the same millisecond', async () => {
    const { server, alice, chatId } = await setUp({});
    const client = await MongoClient.connect(server.mongodbUri);
    closeAfter(() => client.close());
    const media = client.db().collection('media');
    const createdAt = new Date('2026-01-01T00:00:00Z');
    // As a crash leaves them: the row was written, the file was not.
    const rows = Array.from({ length: 450 }, (_, i) => ({
      ownerId: new ObjectId(alice.id),
      purpose: 'chat',
      chatIds: [new ObjectId(chatId)],
      status: 'storing',
      kind: 'file',
      filename: 'a.pdf',
      mimeType: 'application/pdf',
      size: 1,
      key: `uploads/chat/${chatId}/never-written-${i}.pdf`,
      createdAt,
      uncertainSince: createdAt,
    }));
    await media.insertMany(rows);
    expect(await server.app.collectOrphans()).toBe(rows.length);
    expect(await media.countDocuments()).toBe(0);
  });
});

describe('temporary files', () => {
  it('of a process that has died are removed by the next process', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'parley-limits-'));
    closeAfter(() => rm(dataDir, { recursive: true }));
    const folder = join(dataDir, 'media', 'tmp');
    await mkdir(folder, { recursive: true });
    const [left, underWay] = [join(folder, 'left'), join(folder, 'under-way')];
    for (const path of [left, underWay]) await writeFile(path, 'half a film');
    const yesterday = new Date(Date.now() - 24 * 3_600_000);
    await utimes(left, yesterday, yesterday);
    await setUp({ DATA_DIR: dataDir });
    expect(await readdir(folder)).toEqual(['under-way']);
  });
});

describe('the scanner', () => {
  it('as an HTTP service refuses unsafe files, and every file while it is away', async () => {
    let verdict: object = { clean: true };
    let status = 200;
    const scanner = createHttpServer((req, res) => {
      req.resume().on('end', () => res.writeHead(status).end(JSON.stringify(verdict)));
    });
    const port = await listen(scanner);
    const { server, alice, chatId } = await setUp({ UPLOAD_SCAN_URL: `http://127.0.0.1:${port}` });
    await upload(server, alice, chatId, PDF).expect(201);
    verdict = { clean: false };
    const unsafe = await upload(server, alice, chatId, PDF);
    expect([unsafe.status, unsafe.body.code]).toEqual([422, 'UNSAFE_FILE']);
    status = 500;
    await upload(server, alice, chatId, PDF).expect(503);
  });

  it('clamd refuses unsafe files by its protocol', async () => {
    const scanner = createTcpServer((clamd) => {
      let received = Buffer.alloc(0);
      clamd.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        if (!received.subarray(-4).equals(Buffer.alloc(4))) return;
        const isStream = received.subarray(0, 10).toString() === 'zINSTREAM\0';
        const isBad = received.includes('EICAR');
        clamd.end(`${isStream && !isBad ? 'stream: OK' : 'stream: Eicar FOUND'}\0`);
      });
    });
    const port = await listen(scanner);
    const { server, alice, chatId } = await setUp({
      CLAMD_HOST: '127.0.0.1',
      CLAMD_PORT: String(port),
    });
    await upload(server, alice, chatId, PDF).expect(201);
    const virus = Buffer.concat([PDF, Buffer.from('EICAR')]);
    await upload(server, alice, chatId, virus).expect(422);
  });
});
