import { trusted } from 'mongoose';
import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { ChatDoc } from './chat.model.js';

/** Reads and writes chats. */
export class ChatsRepository {
  constructor(private readonly chats: Model<ChatDoc>) {}

  /** Kind and status of these chats, by id; those that do not exist are missing. */
  async kindsOf(
    chatIds: string[],
  ): Promise<Map<string, Pick<ChatDoc, 'kind' | 'status'> & { id: string }>> {
    const chats = await this.chats
      .find({ _id: trusted({ $in: chatIds.map(objectId) }) }, { kind: 1, status: 1 })
      .lean();
    return new Map(
      chats.map(({ _id, kind, status }) => {
        const id = _id.toHexString();
        return [id, { id, kind, status }];
      }),
    );
  }

  /** Of these chats, the ids of the public rooms. */
  async roomsAmong(chatIds: string[]): Promise<string[]> {
    const rooms = await this.chats
      .find({ _id: trusted({ $in: chatIds.map(objectId) }), kind: 'room' }, { _id: 1 })
      .lean();
    return rooms.map(({ _id }) => _id.toHexString());
  }
}
