/**
 * The search index against the log that it follows: whatever was written, changed and taken away, in
 * whatever order the nodes indexed it, a search finds what a look through all messages finds.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { Types } from 'mongoose';
import type { StoredMessage } from '../../src/modules/messages/index.js';
import {
  MessageLog,
  MessagesRepository,
  defineMessageModels,
  toRecord,
} from '../../src/modules/messages/index.js';
import { LogRepository } from '../../src/modules/messages/log/index.js';
import { ChatTexts } from '../../src/modules/search/chat-texts.js';
import { BlockScan, RowFinder } from '../../src/modules/search/row-finder.js';
import { BLOCK_SIZE, rowOf } from '../../src/modules/search/search-block.js';
import { Refolding } from '../../src/modules/search/refolding.js';
import { MAX_CHANGES, SearchIndex } from '../../src/modules/search/search-index.js';
import type { SearchBlock, SearchPosition } from '../../src/modules/search/search.repository.js';
import {
  defineSearchModels,
  SearchRepository,
} from '../../src/modules/search/search.repository.js';
import { fold } from '../../src/shared/fold.js';
import { FOLD_RULES, matcherOf, queryTerms, termsOf } from '../../src/modules/search/tokenizer.js';
import { silentLogger } from '../support/logger.js';
import { createMetrics } from '../../src/platform/metrics.js';
import { connectDatabase } from '../../src/platform/mongo.js';
import { systemClock } from '../../src/shared/clock.js';
import { Random } from '../support/random.js';
import { SEED } from '../support/seed.js';

const uri = new URL(process.env.TEST_MONGODB_URI!);
uri.pathname = `/search_${randomUUID().slice(0, 8)}`;
const logger = silentLogger();
const senderId = new Types.ObjectId();

/** What one node has of messages and search. */
const startNode = async () => {
  const database = await connectDatabase(
    uri.href,
    { databaseTimeoutMs: 10_000 },
    logger,
    (connection) => {
      defineSearchModels(connection);
      defineMessageModels(connection);
    },
  );
  const { connection } = database;
  const repository = new SearchRepository(connection);
  const index = new SearchIndex(repository, new MessagesRepository(connection), logger);
  const finder = () => new RowFinder(repository, new ChatTexts(repository, index), index);
  return {
    connection,
    messages: connection.collection('messages'),
    blocks: connection.collection<SearchBlock>('searchblocks'),
    positions: connection.collection<SearchPosition>('searchpositions'),
    repository,
    index,
    log: new MessageLog(new LogRepository(connection), systemClock, createMetrics()),
    /** Finds as the first search after a start does, with nothing in memory. */
    afresh: finder,
    finder: finder(),
    close: async () => {
      await index.flush();
      await database.close();
    },
  };
};
type Node = Awaited<ReturnType<typeof startNode>>;

let nodes: [Node, Node];
beforeAll(async () => {
  // Refused as OVERLOADED is who waits for long: a busy machine may leave the database alone for as long.
  jest.spyOn(performance, 'now').mockReturnValue(0);
  nodes = [await startNode(), await startNode()];
});
afterAll(async () => {
  jest.restoreAllMocks();
  await Promise.all(nodes.map((node) => node.close()));
  const client = await MongoClient.connect(uri.href);
  await client.db().dropDatabase();
  await client.close();
});

const newChat = () => new Types.ObjectId().toHexString();
const send = (node: Node, chatId: string, content: string) =>
  node.log.append(chatId, {
    senderId,
    messageType: 'text',
    content,
    media: [],
    mentions: [],
    reactions: [],
  });

/** What the index is given of a message that has just been sent. */
const newRow = (message: StoredMessage) => rowOf({ message: toRecord(message), hiddenFor: [] });

const scanFor = (query: string, limit = 200) => {
  const terms = queryTerms(query);
  return { terms, matcher: matcherOf(terms), isWanted: () => true, limit };
};
const find = async (finder: RowFinder, chatId: string, query: string): Promise<number[]> => {
  const text = await finder.text(chatId);
  const rows = await finder.inText({ chatId, clearedSeq: 0 }, text, scanFor(query, 10_000));
  return rows.map(({ seq }) => seq).sort((a, b) => a - b);
};
const findInMany = async (node: Node, chatIds: string[], query: string): Promise<string[]> => {
  // More chats than are kept in memory, so that the database has to look through the blocks.
  const others = Array.from({ length: 10 }, newChat);
  const chats = [...others, ...chatIds].map((chatId) => ({
    chatId,
    clearedSeq: 0,
    lastSeq: others.includes(chatId) ? 0 : 1e6,
    lastMessageAt: Infinity,
  }));
  const rows = await node.finder.inChats(chats, scanFor(query, 10_000));
  return rows.map(({ chatId, seq }) => `${chatId} ${seq}`).sort();
};
/** A look through all messages. */
const expected = async (chatId: string, query: string): Promise<number[]> => {
  const docs = await nodes[0].messages
    .find<Pick<StoredMessage, 'content' | 'seq'>>({
      chatId: new Types.ObjectId(chatId),
      deletedAt: null,
    })
    .sort({ seq: 1 })
    .toArray();
  const { fits } = matcherOf(queryTerms(query));
  return docs.filter(({ content }) => fits(fold(content))).map(({ seq }) => seq);
};
const storedBlocks = (chatId: string) =>
  nodes[0].blocks
    .find({ chatId: new Types.ObjectId(chatId) })
    .sort({ number: 1 })
    .toArray();

describe('the search index', () => {
  it('finds what a look through all messages finds, while two nodes write, change and follow', async () => {
    const random = new Random(SEED);
    const upTo = (n: number) => Math.floor(random.next() * n);
    const words = ['tea', 'teapot', 'Tee', 'green', 'brûlée', '東京都', '京', 'x42'];
    const text = () => Array.from({ length: 1 + upTo(4) }, () => words[upTo(8)]).join(' ');
    const queries = ['tea', 'tea ', 'te', 'brulee', '東京', '京', 'green te', 'x4', 'nothing'];
    const chats = [newChat(), newChat()];
    const ids = new Map<string, string[]>(chats.map((chatId) => [chatId, []]));
    const step = async () => {
      const node = nodes[upTo(2)]!;
      const chatId = chats[upTo(2)]!;
      const known = ids.get(chatId)!;
      const choice = random.next();
      if (choice < 0.75 || known.length === 0) {
        const { message } = await send(node, chatId, text());
        known.push(message._id.toHexString());
        node.index.record(chatId, newRow(message));
      } else if (choice < 0.87) {
        await node.log.change(chatId, known[upTo(known.length)]!, ({ deletedAt }) =>
          deletedAt ? undefined : { $set: { content: text(), editedAt: new Date() } },
        );
      } else if (choice < 0.93) {
        await node.log.change(chatId, known[upTo(known.length)]!, () => ({
          $set: { content: '', media: [], deletedAt: new Date() },
        }));
      } else {
        await (upTo(2) === 0 ? node.index.flush() : node.index.catchUp(chatId));
      }
    };
    for (let round = 0; round < 8; round += 1) {
      for (let i = 0; i < 60; i += 1) await step();
      const query = queries[upTo(queries.length)]!;
      for (const chatId of chats) {
        const wanted = await expected(chatId, query);
        for (const node of nodes) {
          expect(await find(node.finder, chatId, query)).toEqual(wanted);
          expect(await find(node.afresh(), chatId, query)).toEqual(wanted);
        }
      }
    }
    for (const query of queries) {
      const wanted = await Promise.all(
        chats.map(async (chatId) =>
          (await expected(chatId, query)).map((seq) => `${chatId} ${seq}`),
        ),
      );
      expect(await findInMany(nodes[0], chats, query)).toEqual(wanted.flat().sort());
    }
    expect(await storedBlocks(chats[0]!)).not.toHaveLength(1);
  });

  it('indexes the same changes again after a crash between the blocks and the position', async () => {
    const [node, other] = nodes;
    const chatId = newChat();
    for (let i = 0; i < 5; i += 1) await send(node, chatId, `word number${i}`);
    const crash = jest
      .spyOn(node.positions, 'bulkWrite')
      .mockRejectedValueOnce(new Error('the process is gone'));
    await expect(node.index.catchUp(chatId)).rejects.toThrow('the process is gone');
    crash.mockRestore();
    const [halfway] = await storedBlocks(chatId);
    expect(halfway?.text).toContain('number4');
    expect(await node.positions.findOne({ _id: new Types.ObjectId(chatId) })).toBeNull();

    await send(other, chatId, 'word number5');
    await other.index.catchUp(chatId);
    const [block] = await storedBlocks(chatId);
    expect(block?.text.split('\n')).toEqual(Array.from({ length: 6 }, (_, i) => `word number${i}`));
    expect(await other.positions.findOne({ _id: new Types.ObjectId(chatId) })).toMatchObject({
      version: 6,
      seq: 6,
    });
  });

  it('makes the blocks of former rules anew, with what was written to them meanwhile', async () => {
    const [node] = nodes;
    const chatId = newChat();
    for (let i = 0; i < BLOCK_SIZE + 2; i += 1) await send(node, chatId, `Smørrebrød パパ ${i}`);
    await node.index.catchUp(chatId);
    // As the version before had folded them.
    for (const block of await storedBlocks(chatId)) {
      const text = block.text.replaceAll('smorrebrod', 'smørrebrød').replaceAll('パパ', 'ハハ');
      await node.blocks.updateOne(
        { _id: block._id },
        { $set: { text, terms: termsOf(text.split('\n')) }, $unset: { rules: 1 } },
      );
    }
    await send(node, chatId, 'Smørrebrød パパ last');
    await node.index.catchUp(chatId);
    expect((await storedBlocks(chatId)).map(({ rules }) => rules ?? null)).toEqual([null, null]);
    const refolding = new Refolding(node.repository, new MessagesRepository(node.connection));
    await refolding.run();
    expect((await storedBlocks(chatId)).map(({ rules }) => rules)).toEqual([
      FOLD_RULES,
      FOLD_RULES,
    ]);
    expect(await find(node.afresh(), chatId, 'smorrebrod パパ')).toHaveLength(BLOCK_SIZE + 3);
    expect(await find(node.afresh(), chatId, 'ハハ')).toEqual([]);
    expect(await refolding.run()).toBe(0);
  });

  it('loses nothing when two nodes write the same block at once', async () => {
    const chatId = newChat();
    await Promise.all(
      Array.from({ length: 3 * BLOCK_SIZE }, (_, i) => send(nodes[i % 2]!, chatId, `both ${i}`)),
    );
    await Promise.all(nodes.map(({ index }) => index.catchUp(chatId)));
    const blocks = await storedBlocks(chatId);
    expect(blocks.map(({ text }) => text.split('\n').length)).toEqual([
      BLOCK_SIZE,
      BLOCK_SIZE,
      BLOCK_SIZE,
    ]);
    expect(await find(nodes[0].afresh(), chatId, 'both')).toHaveLength(3 * BLOCK_SIZE);
  });

  it('indexes many chats with a handful of reads and one write of each kind', async () => {
    const [node] = nodes;
    const chatIds = Array.from({ length: 30 }, newChat);
    await Promise.all(chatIds.map((chatId) => send(node, chatId, 'one of many')));
    const writes = [jest.spyOn(node.blocks, 'bulkWrite'), jest.spyOn(node.positions, 'bulkWrite')];
    const reads = [
      jest.spyOn(node.positions, 'find'),
      jest.spyOn(node.messages, 'find'),
      jest.spyOn(node.blocks, 'find'),
    ];
    for (const chatId of chatIds) node.index.record(chatId);
    await node.index.flush();
    for (const spy of writes) expect(spy).toHaveBeenCalledTimes(1);
    // Blocks are looked for among those that are not full, and then, as there are none, by number.
    expect(reads.map(({ mock }) => mock.calls.length)).toEqual([1, 1, 2]);
    for (const spy of [...writes, ...reads]) spy.mockRestore();
    expect(chatIds.some((chatId) => node.index.isBehind(chatId))).toBe(false);
    expect(await node.index.behind(chatIds.map((chatId) => ({ chatId, lastSeq: 1 })))).toEqual([]);
  });

  it('does not ask the log for messages that it has been given', async () => {
    const [node] = nodes;
    const chatIds = [newChat(), newChat()];
    const read = jest.spyOn(node.messages, 'find');
    for (let i = 0; i < BLOCK_SIZE + 3; i += 1) {
      for (const chatId of chatIds) {
        node.index.record(chatId, newRow((await send(node, chatId, `given ${i}`)).message));
      }
    }
    await node.index.flush();
    expect(read).not.toHaveBeenCalled();
    read.mockRestore();
    for (const chatId of chatIds) {
      expect(await find(node.afresh(), chatId, 'given')).toHaveLength(BLOCK_SIZE + 3);
      expect((await storedBlocks(chatId)).map(({ text }) => text.split('\n').length)).toEqual([
        BLOCK_SIZE,
        3,
      ]);
    }
  });

  it('asks the log when a version is missing in what it has been given', async () => {
    const [node, other] = nodes;
    const chatId = newChat();
    node.index.record(chatId, newRow((await send(node, chatId, 'given one')).message));
    await send(other, chatId, 'given two');
    node.index.record(chatId, newRow((await send(node, chatId, 'given three')).message));
    await node.index.flush();
    expect((await storedBlocks(chatId)).map(({ text }) => text)).toEqual([
      'given one\ngiven two\ngiven three',
    ]);
  });

  it('finds the newest of more messages than are read at a time, at the first search', async () => {
    const [node] = nodes;
    const chatId = newChat();
    const drafts = Array.from({ length: MAX_CHANGES }, (_, i) => send(node, chatId, `old ${i}`));
    await Promise.all(drafts);
    await send(node, chatId, 'newest');
    expect(await find(node.afresh(), chatId, 'newest')).toEqual([MAX_CHANGES + 1]);
  });

  it('reads no more blocks than it needs for a rare word in a long chat', async () => {
    const [node] = nodes;
    const chatId = newChat();
    await Promise.all(
      Array.from({ length: 20 * BLOCK_SIZE }, (_, i) =>
        send(node, chatId, i === 700 ? 'a needle' : `hay ${i}`),
      ),
    );
    await node.index.catchUp(chatId);
    const read = jest.spyOn(node.blocks, 'find');
    const scan = new BlockScan(node.repository);
    const rows = await scan.inChat({ chatId, clearedSeq: 0 }, scanFor('needle'));
    expect(rows.map(({ text }) => text)).toEqual(['a needle']);
    const found = await Promise.all(
      read.mock.results.map(({ value }) =>
        (value as { clone(): { toArray(): Promise<unknown[]> } }).clone().toArray(),
      ),
    );
    expect(found.flat().length).toBeLessThanOrEqual(2);
    read.mockRestore();
  });
});
