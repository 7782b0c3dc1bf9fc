import type { MessagesRepository } from '../messages/index.js';
import { groupBy } from '../../shared/group-by.js';
import { BLOCK_SIZE, blockNumberOf, blockWith, rowOf } from './search-block.js';
import type { SearchRepository } from './search.repository.js';

/** Blocks that are made anew together. */
const BLOCKS_AT_ONCE = 16;
/** Blocks of one round; a round must end within a minute. */
const BLOCKS_PER_ROUND = 2000;

/**
 * Makes the blocks of former rules anew from the log, some at a time, so that words which other rules fold
 * differently are found in old messages too. Until then searches find in these blocks the words that all rules
 * fold alike: all without accents, for one.
 */
export class Refolding {
  constructor(
    private readonly repository: SearchRepository,
    private readonly messages: Pick<MessagesRepository, 'inRuns'>,
  ) {}

  /** One round; answers how many blocks it has made anew. */
  async run(): Promise<number> {
    let done = 0;
    while (done < BLOCKS_PER_ROUND) {
      const blocks = await this.repository.blocksOfFormerRules(BLOCKS_AT_ONCE);
      if (blocks.length === 0) return done;
      const places = blocks.map(({ chatId, number }) => ({ chatId: chatId.toHexString(), number }));
      const found = await this.messages.inRuns(
        places.map(({ chatId, number }) => ({
          chatId,
          from: number * BLOCK_SIZE + 1,
          to: (number + 1) * BLOCK_SIZE,
        })),
      );
      const rows = groupBy(
        found.map(rowOf),
        ({ chatId, seq }) => `${chatId} ${blockNumberOf(seq)}`,
      );
      // A block that was written meanwhile stays as it is until the next time.
      await this.repository.writeBlocks(
        blocks.map((known, i) => {
          const place = places[i]!;
          const changed = rows.get(`${place.chatId} ${place.number}`) ?? [];
          return { ...place, known, content: blockWith(undefined, changed) };
        }),
      );
      done += blocks.length;
    }
    return done;
  }
}
