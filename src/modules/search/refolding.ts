import type { MessagesRepository } from '../messages/index.js';
import { groupBy } from '../../shared/group-by.js';
import { BLOCK_SIZE, blockNumberOf, blockWith, rowOf } from './search-block.js';
import type { SearchRepository } from './search.repository.js';

/** Blocks that are rebuilt together. */
const BLOCKS_AT_ONCE = 16;
/** Blocks of one round; a round must end within a minute. */
const BLOCKS_PER_ROUND = 2000;

/**
 * Rebuilds the blocks of former rules from the log, some at a time, so that words that the current rules fold
 * differently are found in old messages too. Until then, searches find in these blocks only words that all
 * rules fold alike, such as those without accents.
 */
export class Refolding {
  constructor(
    private readonly repository: SearchRepository,
    private readonly messages: Pick<MessagesRepository, 'inRuns'>,
  ) {}

  /** One round; answers how many blocks it has rebuilt. */
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
