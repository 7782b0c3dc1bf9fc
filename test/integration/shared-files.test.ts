/** Files of a room in which very much else is said: what pages show, and what is counted. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Collection } from 'mongodb';
import { MongoClient, ObjectId } from 'mongodb';
import type { TestServer, TestUser } from '../support/server.js';
import { registerUser, startServer } from '../support/server.js';

const FILES = 130;
/** Messages without a file between two with one. */
const BETWEEN = 20;

let server: TestServer;
let alice: TestUser;
let chatId: string;
let client: MongoClient;
let messages: Collection;
beforeAll(async () => {
  server = await startServer();
  alice = await registerUser(server);
  client = await MongoClient.connect(server.mongodbUri);
  messages = client.db().collection('messages');
  await server.http
    .post('/api/messages')
    .set(alice.auth)
    .send({ room: 'archive', content: 'the first one' })
    .expect(201);
  const first = await messages.findOne({ content: 'the first one' });
  chatId = (first!.chatId as ObjectId).toHexString();
  const message = (seq: number) => {
    const isFile = seq % (BETWEEN + 1) === 0;
    const type = seq % 2 === 0 ? 'image' : 'video';
    return {
      chatId: new ObjectId(chatId),
      seq,
      version: seq,
      versions: [seq],
      senderId: new ObjectId(alice.id),
      messageType: isFile ? type : 'text',
      content: `number ${seq}`,
      media: isFile ? [{ url: 'https://files.example/x', type, size: seq, external: true }] : [],
      mentions: [],
      reactions: [],
      createdAt: new Date(),
      updatedAt: new Date(),
    };
  };
  const all = Array.from({ length: FILES * (BETWEEN + 1) - 1 }, (_, i) => message(i + 2));
  await messages.insertMany(all);
});
afterAll(async () => {
  await client.close();
  await server.close();
});

interface Listed {
  data: { id: string; seq: number; messageType: string }[];
  pagination: { total: number };
}
const list = async (query: object): Promise<Listed> =>
  (await server.http.get('/api/files/media/archive').query(query).set(alice.auth).expect(200))
    .body as Listed;
/** Numbers of the messages with files, newest first. */
const seqs = (): number[] => Array.from({ length: FILES }, (_, i) => (FILES - i) * (BETWEEN + 1));

describe('files of a room', () => {
  it('are listed in pages that hold each file once, in whatever order the pages are read', async () => {
    const pages = [];
    for (const page of [1, 2, 3]) pages.push(await list({ page, limit: 50 }));
    expect(pages.flatMap(({ data }) => data.map(({ seq }) => seq))).toEqual(seqs());
    expect(pages[2]!.pagination).toEqual({ page: 3, limit: 50, total: FILES, hasMore: false });
    const last = await list({ page: 13, limit: 10 });
    expect(last.data.map(({ seq }) => seq)).toEqual(seqs().slice(120));
    expect((await list({ page: 14, limit: 10 })).data).toEqual([]);
    const videos = await list({ type: 'video', limit: 10, page: 2 });
    expect(videos.data.map(({ seq }) => seq)).toEqual(
      seqs()
        .filter((seq) => seq % 2 === 1)
        .slice(10, 20),
    );
  });

  it('are counted without messages that have no file', async () => {
    const { body } = await server.http.get('/api/files/stats/archive').set(alice.auth).expect(200);
    const size = seqs().reduce((sum, seq) => sum + seq, 0);
    expect(body.data).toMatchObject({
      totalFiles: FILES,
      totalSize: size,
      byType: { image: { count: FILES / 2 }, video: { count: FILES / 2 }, audio: { count: 0 } },
    });
  });

  it('are counted without those that I have deleted for myself, and those deleted for everyone', async () => {
    const totals = async () => {
      const [all, images] = [await list({ limit: 2 }), await list({ limit: 2, type: 'image' })];
      return [all, images].map(({ pagination }) => pagination.total);
    };
    expect(await totals()).toEqual([FILES, FILES / 2]);
    const [image] = (await list({ limit: 1, type: 'image' })).data;
    const [video] = (await list({ limit: 1, type: 'video' })).data;
    const remove = (id: string, deleteForEveryone: boolean) =>
      server.http
        .delete(`/api/messages/${id}`)
        .query({ deleteForEveryone })
        .set(alice.auth)
        .expect(200);
    await remove(image!.id, false);
    expect(await totals()).toEqual([FILES - 1, FILES / 2 - 1]);
    await remove(video!.id, true);
    expect(await totals()).toEqual([FILES - 2, FILES / 2 - 1]);
  });
});
