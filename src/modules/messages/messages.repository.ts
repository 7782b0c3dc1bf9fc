import { trusted } from 'mongoose';
import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { MessageDoc } from './message.model.js';

/** Reads and writes messages. */
export class MessagesRepository {
  constructor(private readonly messages: Model<MessageDoc>) {}

  /** Chat and number of a message; undefined when there is none. */
  async positionOf(messageId: string): Promise<{ chatId: string; seq: number } | undefined> {
    const message = await this.messages.findById(objectId(messageId), { chatId: 1, seq: 1 }).lean();
    return message ? { chatId: message.chatId.toHexString(), seq: message.seq } : undefined;
  }

  /** Number of the newest of these messages; undefined when none of them is in the chat. */
  async newestSeqAmong(chatId: string, messageIds: string[]): Promise<number | undefined> {
    const newest = await this.messages
      .findOne(
        { chatId: objectId(chatId), _id: trusted({ $in: messageIds.map(objectId) }) },
        { seq: 1 },
      )
      .sort({ seq: -1 })
      .lean();
    return newest?.seq;
  }

  /** Messages after `after` up to `upTo` that others than `userId` have sent; the newest `limit`, newest first. */
  async othersBetween(
    chatId: string,
    userId: string,
    { after, upTo, limit }: { after: number; upTo: number; limit: number },
  ): Promise<{ id: string; senderId: string }[]> {
    const messages = await this.messages
      .find(
        {
          chatId: objectId(chatId),
          seq: trusted({ $gt: after, $lte: upTo }),
          senderId: trusted({ $ne: objectId(userId) }),
        },
        { senderId: 1 },
      )
      .sort({ seq: -1 })
      .limit(limit)
      .lean();
    return messages.map(({ _id, senderId }) => ({
      id: _id.toHexString(),
      senderId: senderId.toHexString(),
    }));
  }
}
