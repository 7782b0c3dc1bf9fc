/** The files of a chat in which very much else is said: how much the embedded database looks at. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Collection, Connection } from 'mongoose';
import { Types } from 'mongoose';
import { CHAT_FILES_BY_TYPE_INDEX, CHAT_FILES_INDEX } from '../../src/modules/messages/index.js';
import type { MessageCollection } from '../support/message-collection.js';
import { messageOf, openMessageCollection } from '../support/message-collection.js';

const FILES = 130;
/** Messages without a file between two with one. */
const BETWEEN = 20;

let collection: MessageCollection;
let connection: Connection;
let messages: Collection;
const chatId = new Types.ObjectId();
beforeAll(async () => {
  collection = await openMessageCollection();
  ({ connection, messages } = collection);
  const media = [{ url: 'https://files.example/x', type: 'image' as const, external: true }];
  await messages.insertMany(
    Array.from({ length: FILES * (BETWEEN + 1) }, (_, i) =>
      messageOf({
        chatId,
        seq: i + 1,
        senderId: chatId,
        ...(i % (BETWEEN + 1) === 0 && { messageType: 'image', media }),
      }),
    ),
  );
});
afterAll(() => collection.close());

it('the files of a chat are found by an index that has nothing else: no more is looked at than is shown', async () => {
  const page = () =>
    messages
      .find({ chatId, 'media.type': { $exists: true }, seq: { $gt: 0 } })
      .sort({ seq: -1 })
      .hint(CHAT_FILES_INDEX);
  const ofPage = await page().limit(50).explain('executionStats');
  const plan = JSON.stringify((ofPage as { queryPlanner: object }).queryPlanner);
  expect(plan).toContain(CHAT_FILES_INDEX);
  expect(plan).not.toContain('"SORT"');
  const examined = (explained: unknown) =>
    (explained as { executionStats: { totalDocsExamined: number } }).executionStats
      .totalDocsExamined;
  expect(examined(ofPage)).toBeLessThanOrEqual(64);
  expect(examined(await page().explain('executionStats'))).toBe(FILES);
});

it.each([
  ['all', {}, CHAT_FILES_INDEX, FILES],
  ['those of one kind', { messageType: 'image' }, CHAT_FILES_BY_TYPE_INDEX, FILES],
  ['those of a kind that nobody sent', { messageType: 'audio' }, CHAT_FILES_BY_TYPE_INDEX, 0],
])(
  'the files of a chat are counted without a look at the messages: %s',
  async (_name, kind, hint, count) => {
    const filter = { chatId, 'media.type': { $exists: true }, seq: { $gt: 0 }, ...kind };
    expect(await messages.countDocuments(filter, { hint })).toBe(count);
    const explained = await connection.db!.command({
      explain: { count: messages.collectionName, query: filter, hint },
    });
    expect(JSON.stringify(explained)).toContain('COUNT_SCAN');
  },
);

it('the files of a chat are counted one by one where a filter says more than the index knows', async () => {
  const filter = { chatId, 'media.type': { $exists: true }, content: 'number 1' };
  expect(await messages.countDocuments(filter, { hint: CHAT_FILES_INDEX })).toBe(1);
});
