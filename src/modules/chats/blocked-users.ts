import { createBatchLoader } from '../../platform/batch-loader.js';
import type { Freshness } from '../../platform/cached-lookup.js';
import { CachedLookup } from '../../platform/cached-lookup.js';
import type { Subscription } from '../../platform/event-bus.js';
import type { AccessChangeEvents } from '../access-changes/index.js';
import type { BlocksRepository } from './blocks.repository.js';
import type { ChatEvents } from './chats.events.js';
import { atMost } from '../../shared/at-most.js';

/** Users whose blocks are kept, and for how long at most, in milliseconds, while the access-change feed is read. */
const KEPT = { ...atMost(20_000), ttl: 600_000 };

/** The others with whom a user has a block. */
export interface UserBlocks {
  /** Whom the user has blocked, and who has blocked the user. */
  withUser: ReadonlySet<string>;
  /** Whom the user has blocked. */
  byUser: ReadonlySet<string>;
}

/** Of who has no blocks with anybody. */
export const NO_BLOCKS: UserBlocks = { withUser: new Set(), byUser: new Set() };

/** Answers between whom there are blocks, from memory for as long as the access-change feed is read. */
export class BlockedUsers {
  private readonly byUser: CachedLookup<UserBlocks>;
  private readonly loader;

  constructor(blocks: Pick<BlocksRepository, 'involvingAny'>, freshness: Freshness) {
    this.byUser = new CachedLookup({ ...KEPT, freshness });
    this.loader = createBatchLoader(async (userIds) => {
      const found = new Map(
        userIds.map((id) => [id, { withUser: new Set<string>(), byUser: new Set<string>() }]),
      );
      for (const { blockerId, blockedId } of await blocks.involvingAny(userIds)) {
        found.get(blockerId)?.withUser.add(blockedId);
        found.get(blockerId)?.byUser.add(blockedId);
        found.get(blockedId)?.withUser.add(blockerId);
      }
      return found;
    });
  }

  get subscriptions(): Subscription<ChatEvents & AccessChangeEvents>[] {
    const shared = {
      phase: 'state',
      on: 'every-node',
      does: 'drops the cached blocks of the user',
    } as const;
    return [
      {
        event: 'block.changed',
        ...shared,
        run: ({ blockerId, blockedId }) => {
          for (const userId of [blockerId, blockedId]) this.byUser.forget(userId);
        },
      },
      {
        event: 'access.recheck',
        ...shared,
        run: ({ kind, userId }) => {
          if (kind === 'block') this.byUser.forget(userId);
        },
      },
    ];
  }

  /** The blocks between the user and others. */
  async of(userId: string): Promise<UserBlocks> {
    return (await this.byUser.get(userId, () => this.loader.load(userId))) ?? NO_BLOCKS;
  }
}
