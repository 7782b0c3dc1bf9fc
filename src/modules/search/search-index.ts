import type { mongo } from 'mongoose';
import { Types } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import type { Logger } from '../../platform/logger.js';
import { objectId } from '../../platform/object-id.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import { groupBy } from '../../shared/group-by.js';
import type { SearchRow } from './search-block.js';
import type { Noted } from './noted-rows.js';
import { NotedRows, rowsFollowing } from './noted-rows.js';
import { blockNumberOf, blockWith, rowOf } from './search-block.js';
import type { SearchLog } from './search-log.js';
import { MAX_CHANGES } from './search-log.js';
import type { SearchBlockDoc, SearchModels } from './search.model.js';
import { OPEN_TERM } from './search.model.js';

/** What the index is built from. */
export interface SearchIndexParts {
  models: SearchModels;
  log: SearchLog;
  logger: Logger;
}

/** Chats of one pass. */
const MAX_CHATS = 200;
/**
 * How long changes may gather before they are taken in, in milliseconds. Searches read what is not
 * taken in yet from the log, so waiting costs them little, and saves a block a write per message.
 */
const DELAY_MS = 5000;
/** Index entries of one write; a full block makes some hundred. */
const MAX_TERMS_AT_ONCE = 1000;
/** How often two nodes may get in each other's way over one chat before one leaves it to the other. */
const MAX_ATTEMPTS = 10;

/** How a pass has ended: everything taken in, more to read, or a block that another node wrote first. */
type Outcome = 'level' | 'more' | 'conflict';

/**
 * Follows every chat's log by its version numbers and keeps blocks of searchable text. One pass takes
 * in what is new in many chats: it reads their positions, their changes and the blocks concerned, then
 * writes the blocks and, after these, the positions. A crash in between only means that the same
 * changes are taken in again, which leaves the blocks as they are.
 */
export class SearchIndex {
  private readonly noted = new NotedRows();
  /** Chats of the passes under way. */
  private readonly taken = new Set<string>();
  private readonly running = new Map<string, Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> = Promise.resolve();

  constructor(private readonly parts: SearchIndexParts) {}

  /**
   * Says that something in the chat has changed.
   *
   * @param row the new message, if it was one: then the log need not be asked for it.
   */
  note(chatId: string, row?: SearchRow): void {
    this.noted.add(chatId, row);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.working = this.working.then(() => this.takeInWaiting());
    }, DELAY_MS);
  }

  /** Whether something that was noted on this node is still to be taken in. */
  isBehind(chatId: string): boolean {
    return this.noted.has(chatId) || this.taken.has(chatId);
  }

  /** Chats whose log has a message that is not taken in, or that {@link isBehind} names. */
  async behind(previews: { chatId: string; lastSeq: number }[]): Promise<string[]> {
    const positions = await this.parts.log.positions(previews.map(({ chatId }) => chatId));
    return previews
      .filter(
        ({ chatId, lastSeq }) => lastSeq > positions.get(chatId)!.seq || this.isBehind(chatId),
      )
      .map(({ chatId }) => chatId);
  }

  /**
   * What the index does not have yet of some chats, from their logs. Chats that are far behind are
   * taken in first.
   */
  async unindexed(chatIds: string[]): Promise<SearchRow[]> {
    const first = await this.parts.log.changes(await this.parts.log.positions(chatIds));
    for (const { chatId } of first) this.note(chatId.toHexString());
    if (first.length < MAX_CHANGES) return first.map(rowOf);
    for (const chatId of chatIds) await this.catchUp(chatId);
    return (await this.parts.log.changes(await this.parts.log.positions(chatIds))).map(rowOf);
  }

  /** Takes in everything that a chat's log has; joins a run that is under way. */
  catchUp(chatId: string): Promise<void> {
    const joined = this.running.get(chatId);
    if (joined) return joined;
    const run = this.follow(chatId).finally(() => this.running.delete(chatId));
    this.running.set(chatId, run);
    return run;
  }

  /** Takes in what has been noted, before the node goes down. */
  async settle(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.working;
    await this.takeInWaiting();
  }

  private async takeInWaiting(): Promise<void> {
    const noted = [...this.noted.take()];
    for (const [chatId] of noted) this.taken.add(chatId);
    for (let start = 0; start < noted.length; start += MAX_CHATS) {
      await this.takeIn(new Map(noted.slice(start, start + MAX_CHATS)));
    }
  }

  private async takeIn(noted: Map<string, Noted>): Promise<void> {
    const chatIds = [...noted.keys()];
    try {
      if ((await this.pass(chatIds, noted)) === 'level') return;
      for (const chatId of chatIds) await this.catchUp(chatId);
    } catch (error) {
      // The next change or search of these chats takes in what was left.
      this.parts.logger.warn({ err: error, chats: chatIds.length }, 'the search index lags behind');
    } finally {
      for (const chatId of chatIds) this.taken.delete(chatId);
    }
  }

  private async follow(chatId: string): Promise<void> {
    for (let conflicts = 0; conflicts < MAX_ATTEMPTS;) {
      const outcome = await this.pass([chatId]);
      if (outcome === 'level') return;
      if (outcome === 'conflict') conflicts += 1;
    }
  }

  private async pass(chatIds: string[], noted = new Map<string, Noted>()): Promise<Outcome> {
    const positions = await this.parts.log.positions(chatIds);
    const known: SearchRow[] = [];
    for (const [chatId, { rows }] of noted) {
      const following = rowsFollowing(positions.get(chatId)!.version, rows);
      if (!following) continue;
      known.push(...following);
      positions.delete(chatId);
    }
    const read = await this.parts.log.changes(positions);
    const changed = [...known, ...read.map(rowOf)];
    if (changed.length === 0) return 'level';
    const isCut = read.length === MAX_CHANGES;
    // Changes of several chats come in no order: cut off, they might leave out an earlier one.
    if (isCut && chatIds.length > 1) return 'more';
    if (!(await this.writeBlocks(changed))) return 'conflict';
    await this.advance(changed);
    return isCut ? 'more' : 'level';
  }

  /** Whether all blocks were written; false when another node has changed one of them meanwhile. */
  private async writeBlocks(changed: SearchRow[]): Promise<boolean> {
    const groups = groupBy(changed, ({ chatId, seq }) => `${chatId} ${blockNumberOf(seq)}`);
    const touched = [...groups.values()].map((rows) => ({
      chatId: objectId(rows[0]!.chatId),
      number: blockNumberOf(rows[0]!.seq),
      rows,
    }));
    const blocks = await this.readBlocks(touched);
    const writes = touched.flatMap(({ chatId, number, rows }) =>
      blockWrite(chatId, number, blocks.get(keyOf(chatId, number)), rows),
    );
    for (const portion of portionsOf(writes)) if (!(await this.write(portion))) return false;
    return true;
  }

  private async write(writes: mongo.AnyBulkWriteOperation[]): Promise<boolean> {
    try {
      const { matchedCount, insertedCount } = await withDeadline(
        this.parts.models.blocks.collection.bulkWrite(writes, { ordered: false }),
        QUEUE_STEP_MS,
      );
      return matchedCount + insertedCount === writes.length;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  private async readBlocks(
    wanted: { chatId: Types.ObjectId; number: number }[],
  ): Promise<Map<string, SearchBlockDoc>> {
    // New messages belong to blocks that are not full, which one look at an index finds for all chats.
    const chatIds = wanted.map(({ chatId }) => chatId);
    const blocks = keyed(await this.find({ chatId: { $in: chatIds }, terms: OPEN_TERM }));
    const others = wanted.filter(({ chatId, number }) => !blocks.has(keyOf(chatId, number)));
    if (others.length === 0) return blocks;
    const or = others.map(({ chatId, number }) => ({ chatId, number }));
    return new Map([...blocks, ...keyed(await this.find({ $or: or }))]);
  }

  private find(filter: Record<string, unknown>): Promise<SearchBlockDoc[]> {
    const found = this.parts.models.blocks.collection.find<SearchBlockDoc>(filter).toArray();
    return withDeadline(found, QUEUE_STEP_MS);
  }

  private async advance(changed: SearchRow[]): Promise<void> {
    const writes = [...groupBy(changed, ({ chatId }) => chatId).values()].map((messages) => ({
      updateOne: {
        filter: { _id: objectId(messages[0]!.chatId) },
        update: {
          $max: {
            version: Math.max(...messages.map(({ version }) => version)),
            seq: Math.max(...messages.map(({ seq }) => seq)),
          },
        },
        upsert: true,
      },
    }));
    await withDeadline(
      this.parts.models.positions.collection
        .bulkWrite(writes, { ordered: false })
        .catch((error: unknown) => {
          // Two nodes began with a chat at once; what they took in is the same.
          if (!isDuplicateKey(error)) throw error;
        }),
      QUEUE_STEP_MS,
    );
  }
}

const keyOf = (chatId: Types.ObjectId, number: number): string =>
  `${chatId.toHexString()} ${number}`;

const keyed = (blocks: SearchBlockDoc[]): Map<string, SearchBlockDoc> =>
  new Map(blocks.map((block) => [keyOf(block.chatId, block.number), block]));

/** The write of a block, and how many index entries it makes. */
interface BlockWrite {
  terms: number;
  operation: mongo.AnyBulkWriteOperation;
}

const blockWrite = (
  chatId: Types.ObjectId,
  number: number,
  known: SearchBlockDoc | undefined,
  rows: SearchRow[],
): BlockWrite[] => {
  const content = blockWith(known, rows);
  const terms = content.terms.length;
  if (!known) {
    const document = { _id: new Types.ObjectId(), chatId, number, revision: 1, ...content };
    return [{ terms, operation: { insertOne: { document } } }];
  }
  if (content.text === known.text && content.facts === known.facts) return [];
  const filter = { _id: known._id, revision: known.revision };
  const update = { $set: { ...content, revision: known.revision + 1 } };
  return [{ terms, operation: { updateOne: { filter, update } } }];
};

/** Cuts writes so that none of them keeps the database from others for long. */
const portionsOf = (writes: BlockWrite[]): mongo.AnyBulkWriteOperation[][] => {
  const portions: mongo.AnyBulkWriteOperation[][] = [];
  let terms = Infinity;
  for (const write of writes) {
    terms += write.terms;
    if (terms > MAX_TERMS_AT_ONCE) {
      portions.push([]);
      terms = write.terms;
    }
    portions.at(-1)!.push(write.operation);
  }
  return portions;
};
