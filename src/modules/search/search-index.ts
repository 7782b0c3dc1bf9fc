import { BatchedTask } from '../../platform/batched-task.js';
import type { Logger } from '../../platform/logger.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import { groupBy } from '../../shared/group-by.js';
import type { MessagesRepository } from '../messages/index.js';
import type { SearchRow } from './search-block.js';
import { blockNumberOf, blockWith, rowOf } from './search-block.js';
import type {
  BlockPlace,
  BlockWrite,
  Position,
  SearchBlock,
  SearchRepository,
} from './search.repository.js';

/** Changed messages that are read at a time. */
export const MAX_CHANGES = 500;
/** Chats of one pass. */
const MAX_CHATS = 200;
/**
 * How long changes are collected before they are indexed, in milliseconds. Searches read unindexed changes
 * from the log, so waiting costs them little, and saves one write of a block per message.
 */
const DELAY_MS = 5000;
/** Index entries of one write; a full block makes some hundred. */
const MAX_TERMS_AT_ONCE = 1000;
/** How often two nodes may conflict over one chat before one of them gives up. */
const MAX_ATTEMPTS = 10;
/** New messages that wait in memory for the index, of one chat and of all. */
const MAX_PENDING_OF_CHAT = 200;
const MAX_PENDING = 20_000;

/** How a pass has ended: everything indexed, more to read, or a block that another node wrote first. */
type Outcome = 'level' | 'more' | 'conflict';

/**
 * Follows every chat's log by its version numbers and keeps blocks of searchable text. One pass indexes the
 * changes of many chats: it reads their positions, their changes and the blocks concerned, then writes the
 * blocks and, after these, the positions. After a crash in between, the same changes are indexed again, which
 * does not change the blocks.
 */
export class SearchIndex {
  private readonly pending = new PendingRows();
  /** Chats of the passes under way. */
  private readonly underWay = new Set<string>();
  private readonly running = new Map<string, Promise<void>>();
  private readonly indexing: BatchedTask<PendingChat>;

  constructor(
    private readonly repository: SearchRepository,
    private readonly messages: Pick<MessagesRepository, 'changesAbove'>,
    logger: Logger,
  ) {
    this.indexing = new BatchedTask({
      take: () => {
        const pending = [...this.pending.drain()];
        for (const [chatId] of pending) this.underWay.add(chatId);
        return pending;
      },
      maxItems: MAX_CHATS,
      handle: (some) => this.indexSome(new Map(some)),
      onError: (error, { length }) => {
        // The next change or search of these chats indexes the rest.
        logger.warn({ err: error, chats: length }, 'the search index lags behind');
      },
    });
  }

  /**
   * Records that something in the chat has changed.
   *
   * @param row the new message, if it was one: then it need not be read from the log.
   */
  record(chatId: string, row?: SearchRow): void {
    this.pending.add(chatId, row);
    this.indexing.startWithin(DELAY_MS);
  }

  /** Whether a change that was recorded on this node is still to be indexed. */
  isBehind(chatId: string): boolean {
    return this.pending.has(chatId) || this.underWay.has(chatId);
  }

  /** Chats whose log has a message that is not indexed, or that {@link isBehind} names. */
  async behind(chats: { chatId: string; lastSeq: number }[]): Promise<string[]> {
    const positions = await this.positions(chats.map(({ chatId }) => chatId));
    return chats
      .filter(
        ({ chatId, lastSeq }) => lastSeq > positions.get(chatId)!.seq || this.isBehind(chatId),
      )
      .map(({ chatId }) => chatId);
  }

  /** The unindexed changes of some chats, from their logs. Chats that are far behind are indexed first. */
  async unindexed(chatIds: string[]): Promise<SearchRow[]> {
    const first = await this.changes(await this.positions(chatIds));
    for (const { chatId } of first) this.record(chatId);
    if (first.length < MAX_CHANGES) return first;
    for (const chatId of chatIds) await this.catchUp(chatId);
    return this.changes(await this.positions(chatIds));
  }

  /** How far each of some chats is indexed. */
  positions(chatIds: string[]): Promise<Map<string, Position>> {
    return withDeadline(this.repository.positionsOf(chatIds), QUEUE_STEP_MS);
  }

  /**
   * Messages that have changed since the positions, by chat id, at most {@link MAX_CHANGES}; those of a
   * single chat oldest change first. Only what no failover can take back: a position must not run ahead of
   * the log.
   */
  async changes(positions: Map<string, Pick<Position, 'version'>>): Promise<SearchRow[]> {
    const versions = new Map([...positions].map(([chatId, { version }]) => [chatId, version]));
    const changed = await withDeadline(
      this.messages.changesAbove(versions, MAX_CHANGES),
      QUEUE_STEP_MS,
    );
    return changed.map(rowOf);
  }

  /** Indexes a chat's whole log; joins a run that is under way. */
  catchUp(chatId: string): Promise<void> {
    const joined = this.running.get(chatId);
    if (joined) return joined;
    const run = this.follow(chatId).finally(() => this.running.delete(chatId));
    this.running.set(chatId, run);
    return run;
  }

  /** Indexes the pending changes; resolves when it is done or has failed. */
  flush(): Promise<void> {
    return this.indexing.flush();
  }

  /** Indexes the pending changes for the last time: the node is shutting down. */
  close(): Promise<void> {
    return this.indexing.close();
  }

  private async indexSome(pending: Map<string, SearchRow[] | undefined>): Promise<void> {
    const chatIds = [...pending.keys()];
    try {
      if ((await this.pass(chatIds, pending)) === 'level') return;
      for (const chatId of chatIds) await this.catchUp(chatId);
    } finally {
      for (const chatId of chatIds) this.underWay.delete(chatId);
    }
  }

  private async follow(chatId: string): Promise<void> {
    for (let conflicts = 0; conflicts < MAX_ATTEMPTS;) {
      const outcome = await this.pass([chatId]);
      if (outcome === 'level') return;
      if (outcome === 'conflict') conflicts += 1;
    }
  }

  private async pass(
    chatIds: string[],
    pending = new Map<string, SearchRow[] | undefined>(),
  ): Promise<Outcome> {
    const positions = await this.positions(chatIds);
    const known: SearchRow[] = [];
    for (const [chatId, rows] of pending) {
      const following = rowsFollowing(positions.get(chatId)!.version, rows);
      if (!following) continue;
      known.push(...following);
      positions.delete(chatId);
    }
    const read = await this.changes(positions);
    const changed = [...known, ...read];
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
      chatId: rows[0]!.chatId,
      number: blockNumberOf(rows[0]!.seq),
      rows,
    }));
    const blocks = await this.readBlocks(touched);
    const writes = touched.flatMap(({ rows, ...place }) =>
      blockWrite(place, blocks.get(keyOf(place)), rows),
    );
    for (const portion of portionsOf(writes)) {
      if (!(await withDeadline(this.repository.writeBlocks(portion), QUEUE_STEP_MS))) return false;
    }
    return true;
  }

  /** Blocks at some places. New messages belong to blocks that are not full, so these are read first. */
  private async readBlocks(wanted: BlockPlace[]): Promise<Map<string, SearchBlock>> {
    const chatIds = wanted.map(({ chatId }) => chatId);
    const blocks = keyed(await withDeadline(this.repository.openBlocks(chatIds), QUEUE_STEP_MS));
    const others = wanted.filter((place) => !blocks.has(keyOf(place)));
    if (others.length === 0) return blocks;
    const rest = await withDeadline(this.repository.blocksAt(others), QUEUE_STEP_MS);
    return new Map([...blocks, ...keyed(rest)]);
  }

  private async advance(changed: SearchRow[]): Promise<void> {
    const reached = [...groupBy(changed, ({ chatId }) => chatId)].map(
      ([chatId, rows]) =>
        [
          chatId,
          {
            version: Math.max(...rows.map(({ version }) => version)),
            seq: Math.max(...rows.map(({ seq }) => seq)),
          },
        ] as const,
    );
    await withDeadline(this.repository.advance(new Map(reached)), QUEUE_STEP_MS);
  }
}

const keyOf = ({ chatId, number }: BlockPlace): string => `${chatId} ${number}`;

const keyed = (blocks: SearchBlock[]): Map<string, SearchBlock> =>
  new Map(
    blocks.map((block) => [
      keyOf({ chatId: block.chatId.toHexString(), number: block.number }),
      block,
    ]),
  );

const blockWrite = (
  place: BlockPlace,
  known: SearchBlock | undefined,
  rows: SearchRow[],
): BlockWrite[] => {
  const content = blockWith(known, rows);
  const isSame = content.text === known?.text && content.facts === known.facts;
  return isSame ? [] : [{ ...place, known, content }];
};

/** Splits writes so that none of them blocks the database for long. */
const portionsOf = (writes: BlockWrite[]): BlockWrite[][] => {
  const portions: BlockWrite[][] = [];
  let terms = Infinity;
  for (const write of writes) {
    const more = write.content.terms.length;
    terms += more;
    if (terms > MAX_TERMS_AT_ONCE) {
      portions.push([]);
      terms = more;
    }
    portions.at(-1)!.push(write);
  }
  return portions;
};

/** A changed chat, and its new messages in {@link PendingRows}. */
type PendingChat = [chatId: string, rows: SearchRow[] | undefined];

/**
 * Chats that have changed since they were last indexed, and their new messages as far as they fit;
 * `undefined` for a chat that has other changes, too.
 */
export class PendingRows {
  private chats = new Map<string, SearchRow[] | undefined>();
  private count = 0;

  /** Adds a change: a new message, or (`undefined`) one that only the log knows. */
  add(chatId: string, row: SearchRow | undefined): void {
    const rows = this.chats.has(chatId) ? this.chats.get(chatId) : [];
    if (!row || !rows || this.count >= MAX_PENDING || rows.length === MAX_PENDING_OF_CHAT) {
      this.count -= rows?.length ?? 0;
      this.chats.set(chatId, undefined);
      return;
    }
    rows.push(row);
    this.chats.set(chatId, rows);
    this.count += 1;
  }

  /** Whether the chat has changed. */
  has(chatId: string): boolean {
    return this.chats.has(chatId);
  }

  /** Answers everything that was added so far, and removes it. */
  drain(): Map<string, SearchRow[] | undefined> {
    const drained = this.chats;
    this.chats = new Map();
    this.count = 0;
    return drained;
  }
}

/**
 * The rows after a version, when they are all that came after it: numbers have no holes, so a hole means
 * another change, by this node or another. Else undefined.
 */
export const rowsFollowing = (
  version: number,
  rows: SearchRow[] | undefined,
): SearchRow[] | undefined => {
  if (!rows) return undefined;
  const following = rows
    .filter((row) => row.version > version)
    .sort((a, b) => a.version - b.version);
  return following.every((row, i) => row.version === version + 1 + i) ? following : undefined;
};
