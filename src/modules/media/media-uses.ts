import type { Model, Types } from 'mongoose';
import type { MessageDoc } from '../messages/index.js';

/**
 * Whether messages use a file. It is looked up, never counted along: a counter would drift with the
 * first crash between a message's write and the counter's.
 */
export class MediaUses {
  constructor(private readonly messages: Model<MessageDoc>) {}

  /** Whether a message (of the chat, when one is given) has the file attached. */
  async isUsed(fileId: string, chatId?: Types.ObjectId): Promise<boolean> {
    // The schema keeps attachments as plain objects, so Mongoose does not know the path.
    const message = await this.messages.collection.findOne(
      { 'media.fileId': fileId, ...(chatId && { chatId }) },
      { projection: { _id: 1 } },
    );
    return message !== null;
  }
}
