import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import type { MessageDoc } from '../messages/index.js';
import { WITHOUT_PAST_TEXTS } from '../messages/index.js';
import type { SearchModels, SearchPositionDoc } from './search.model.js';

/** Changed messages that are read at a time. */
export const MAX_CHANGES = 500;

/** How far the index has followed a chat: everything up to these numbers is in its blocks. */
export interface Position {
  version: number;
  seq: number;
}

const START: Position = { version: 0, seq: 0 };

/** The chats' logs as the search index sees them: where it stands, and what comes after. */
export class SearchLog {
  constructor(
    private readonly models: SearchModels,
    private readonly messages: Model<MessageDoc>,
  ) {}

  /** How far each of some chats has been taken in. */
  async positions(chatIds: string[]): Promise<Map<string, Position>> {
    const known = await withDeadline(
      this.models.positions.collection
        .find<SearchPositionDoc>({ _id: { $in: chatIds.map(objectId) } })
        .toArray(),
      QUEUE_STEP_MS,
    );
    const found = new Map(known.map((position) => [position._id.toHexString(), position]));
    return new Map(chatIds.map((chatId) => [chatId, found.get(chatId) ?? START]));
  }

  /**
   * Messages that have changed since the positions, at most {@link MAX_CHANGES}; those of a single chat
   * oldest change first. Only what no failover can take back is shown: a position must not run ahead
   * of the log.
   */
  async changes(positions: Map<string, Pick<Position, 'version'>>): Promise<MessageDoc[]> {
    const news = [...positions].map(([chatId, { version }]) => ({
      chatId: objectId(chatId),
      version: { $gt: version },
    }));
    if (news.length === 0) return [];
    const found = this.messages.collection
      .find<MessageDoc>(news.length === 1 ? news[0]! : { $or: news }, {
        readPreference: 'primary',
        readConcern: 'majority',
        projection: WITHOUT_PAST_TEXTS,
      })
      .limit(MAX_CHANGES);
    if (news.length === 1) found.sort({ version: 1 });
    return withDeadline(found.toArray(), QUEUE_STEP_MS);
  }
}
