import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { MessageDoc } from '../messages/index.js';

/** Where a client's version stands against the log: it has all, it lacks some, or it is ahead. */
export type CursorState = 'current' | 'behind' | 'ahead';

/** Chats in one query, and rows that it may answer. */
const BATCH = 100;
const MAX_ROWS = 2000;

/**
 * Compares many versions with the logs in few queries. The newest version of a chat always stands in
 * the log, so from a client's version upwards there is nothing at all only when the client is ahead,
 * which happens when the database was restored from a backup.
 */
export class CursorStateFinder {
  constructor(private readonly messages: Model<MessageDoc>) {}

  /** The standing of each chat named in `versions`. */
  async find(versions: Map<string, number>): Promise<Map<string, CursorState>> {
    const entries = [...versions];
    const batches: [string, number][][] = [];
    for (let i = 0; i < entries.length; i += BATCH) batches.push(entries.slice(i, i + BATCH));
    const found = await Promise.all(batches.map((batch) => this.findBatch(new Map(batch))));
    return new Map(found.flatMap((cursorStates) => [...cursorStates]));
  }

  private async findBatch(versions: Map<string, number>): Promise<Map<string, CursorState>> {
    const rows = await this.messages.collection
      .find(
        {
          $or: [...versions].map(([chatId, version]) => ({
            chatId: objectId(chatId),
            version: { $gte: version },
          })),
        },
        {
          projection: { chatId: 1, version: 1, _id: 0 },
          limit: MAX_ROWS,
          readConcern: { level: 'majority' },
        },
      )
      .toArray();
    const cursorStates = new Map<string, CursorState>();
    for (const { chatId, version } of rows as unknown as Pick<MessageDoc, 'chatId' | 'version'>[]) {
      const id = chatId.toHexString();
      if (version > versions.get(id)!) cursorStates.set(id, 'behind');
      else if (!cursorStates.has(id)) cursorStates.set(id, 'current');
    }
    if (rows.length === MAX_ROWS) return this.findRest(versions, cursorStates);
    for (const [chatId, version] of versions) {
      if (!cursorStates.has(chatId)) cursorStates.set(chatId, version > 0 ? 'ahead' : 'current');
    }
    return cursorStates;
  }

  /** After an answer that was cut off only what is behind is certain; the rest is asked again. */
  private async findRest(
    versions: Map<string, number>,
    cursorStates: Map<string, CursorState>,
  ): Promise<Map<string, CursorState>> {
    const behind = [...cursorStates].filter(([, cursorState]) => cursorState === 'behind');
    const certain = new Map(behind);
    const rest = new Map([...versions].filter(([chatId]) => !certain.has(chatId)));
    return rest.size === 0 ? certain : new Map([...certain, ...(await this.findBatch(rest))]);
  }
}
