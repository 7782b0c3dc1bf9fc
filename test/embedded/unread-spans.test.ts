/** Unread messages of a chat that somebody has not read for long, and mentions among them: counted from indexes, and exactly. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Collection, Connection } from 'mongoose';
import { Types } from 'mongoose';
import { UnreadCounter, UnreadCountsRepository } from '../../src/modules/messages/index.js';
import type { MessageCollection } from '../support/message-collection.js';
import { messageOf, openMessageCollection } from '../support/message-collection.js';

const MESSAGES = 2000;
const HIDDEN = 30;

let collection: MessageCollection;
let connection: Connection;
let messages: Collection;
const chatId = new Types.ObjectId();
const reader = new Types.ObjectId();
const other = new Types.ObjectId();
const isOwn = (seq: number) => seq % 4 === 0;
const isSystem = (seq: number) => seq % 10 === 1;
const isHidden = (seq: number) => seq > MESSAGES - HIDDEN;
const counts = (seq: number) => !isOwn(seq) && !isSystem(seq) && !isHidden(seq);
/** Also of the reader’s own, and of hidden ones. */
const mentionsReader = (seq: number) => seq % 3 === 0 && !isSystem(seq);
const seqs = Array.from({ length: MESSAGES }, (_, i) => i + 1);

beforeAll(async () => {
  collection = await openMessageCollection();
  ({ connection, messages } = collection);
  await messages.insertMany(
    seqs.map((seq) =>
      messageOf({
        chatId,
        seq,
        senderId: isOwn(seq) ? reader : other,
        ...(isSystem(seq) && { messageType: 'system', uncounted: true }),
        mentions: mentionsReader(seq) ? [reader, other] : [],
        ...(isHidden(seq) && { deletedFor: [reader] }),
      }),
    ),
  );
});
afterAll(() => collection.close());

const counter = () =>
  new UnreadCounter(new UnreadCountsRepository(connection), () => Promise.resolve(MESSAGES));
const unreadAfter = async (afterSeq: number): Promise<number> => {
  const query = { chatId: chatId.toHexString(), afterSeq, lastSeq: MESSAGES };
  const found = await counter().counts(reader.toHexString(), [query]);
  return found.get(query.chatId)!;
};

const mentionsAfter = async (afterSeq: number): Promise<number> => {
  const query = { chatId: chatId.toHexString(), afterSeq, lastSeq: MESSAGES };
  const found = await counter().mentions(reader.toHexString(), [query]);
  return found.get(query.chatId)!;
};

it.each([0, 1, 777, MESSAGES - 201, MESSAGES - 200, MESSAGES - HIDDEN, MESSAGES])(
  'unread messages are counted exactly after number %i',
  async (afterSeq) => {
    const unread = seqs.filter((seq) => seq > afterSeq && counts(seq));
    expect(await unreadAfter(afterSeq)).toBe(unread.length);
    expect(await mentionsAfter(afterSeq)).toBe(unread.filter(mentionsReader).length);
  },
);

it.each([
  ['the reader’s own messages', { senderId: reader }],
  ['uncounted messages', { uncounted: true }],
  ['the reader’s own uncounted messages', { senderId: reader, uncounted: true }],
  ['mentions', { mentions: reader }],
  ['mentions in the reader’s own messages', { senderId: reader, mentions: reader }],
])('%s are counted without a look at a message', async (_name, filter) => {
  const explained = await connection.db!.command({
    explain: {
      count: messages.collectionName,
      query: { ...filter, chatId, seq: { $gt: 0 } },
    },
  });
  expect(JSON.stringify(explained)).toContain('COUNT_SCAN');
});

it('of the messages of others, only those that the reader has deleted for themselves are looked at', async () => {
  const explained = await messages
    .find({ chatId, senderId: { $ne: reader }, uncounted: null, deletedFor: reader })
    .explain('executionStats');
  const { executionStats } = explained as { executionStats: { totalDocsExamined: number } };
  expect(executionStats.totalDocsExamined).toBeLessThanOrEqual(HIDDEN);
});

it('unread counts stay exact while the reader’s own messages are being deleted for everyone', async () => {
  const unread = seqs.filter(counts);
  const own = seqs.filter((seq) => isOwn(seq) && !isSystem(seq) && !isHidden(seq));
  let isOver = false;
  const deletions = (async () => {
    for (const [n, seq] of own.slice(0, 200).entries()) {
      const version = MESSAGES + n + 1;
      const tombstone = { uncounted: true, mentions: [], version, versions: [version] };
      await messages.updateOne({ chatId, seq }, { $set: tombstone });
    }
    isOver = true;
  })();
  const seen = new Set<string>();
  while (!isOver) {
    const [all, mentions] = await Promise.all([unreadAfter(0), mentionsAfter(0)]);
    seen.add(`${all} unread, ${mentions} of them mentions`);
  }
  await deletions;
  expect([...seen]).toEqual([
    `${unread.length} unread, ${unread.filter(mentionsReader).length} of them mentions`,
  ]);
});
