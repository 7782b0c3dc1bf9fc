import { audiences } from '../../shared/audience.js';
import { notFound } from '../../shared/errors.js';
import type { UserCard } from '../users/index.js';
import type { ChatPreviews } from './chat-previews.js';
import type { MemberMessage } from './message-reader.js';
import type { MemberPosition, MessageHistory } from './message-history.js';
import { statusOf } from './message-history.js';
import type { MessageLog } from './message-log.js';
import type { Mutation } from './message-log.types.js';
import type { MessageDoc } from './message.model.js';
import { toRecord } from './message.record.js';
import type { AttachmentClaims } from './send-message.types.js';
import type { MessageEvent } from './messages.events.js';

/** What a change led to; the same shape that its event carries. */
export interface Changed extends MessageEvent {
  /** False when there was nothing to change: no new version, and nothing to tell. */
  changed: boolean;
}

/** What changing is built from. */
export interface MessageChangeParts {
  log: MessageLog;
  previews: ChatPreviews;
  history: MessageHistory;
  attachments: Pick<AttachmentClaims, 'addressed'>;
  directory: { card(userId: string): Promise<UserCard | undefined> };
}

/** Writes a change to a message, with what its event needs. The use cases check rights and publish. */
export class MessageChange {
  constructor(private readonly parts: MessageChangeParts) {}

  /**
   * Applies a change. Everything that has to be looked up is looked up before the write: events of a
   * chat leave in the order of its log.
   *
   * @throws {AppError} what `mutate` throws.
   */
  async apply({ doc, chat }: MemberMessage, mutate: Mutation): Promise<Changed> {
    const { attachments, directory, previews, history, log } = this.parts;
    const [sender, positions] = await Promise.all([
      directory.card(doc.senderId.toHexString()),
      history.positions(chat.id),
    ]);
    if (!sender) throw notFound('Message');
    const { message: after, changed } = await log.change(chat.id, doc._id.toHexString(), mutate);
    if (changed) previews.note(after);
    const record = toRecord(after);
    const message = { ...record, media: attachments.addressed(record.media) };
    return {
      message,
      sender,
      status: statusOf(message, positions),
      memberIds: chat.members && [...chat.members.keys()],
      audience: audiences.chat(chat.id, gone(after, positions)),
      changed,
    };
  }
}

/** In a large chat nobody looks who has cleared it; there, too, nobody hears of what they have hidden. */
const gone = ({ deletedFor = [], seq }: MessageDoc, positions: MemberPosition[]): string[] => [
  ...deletedFor.map((id) => id.toHexString()),
  ...positions.filter(({ clearedSeq }) => clearedSeq >= seq).map(({ userId }) => userId),
];
