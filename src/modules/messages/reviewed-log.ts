import { objectId } from '../../platform/object-id.js';
import { SYSTEM_USER_ID } from '../../shared/actor.js';
import { hasMetadata, metadataText } from '../../shared/metadata.js';
import type { ChatSnapshot } from '../chats/index.js';
import type { Appended, MessageDraft, MessageLog } from './log/index.js';
import type { MentionResolver } from './mentions.js';
import type { MessageReview } from './pre-send.js';
import { Turns } from './turns.js';

/**
 * The log as it is given to `SendMessage` where a hook is set: a message is written when it has been reviewed. What
 * the server itself writes goes to the log directly, so nobody is asked about it.
 *
 * Questions are asked at once, but the messages of one sender are written to a chat in the order in which they came,
 * however long each question takes: the people who read them would see the answer before the question otherwise. So a
 * question that hangs holds up what the same sender has sent to the same chat after it, and nobody else.
 */
export class ReviewedLog implements Pick<MessageLog, 'append' | 'written'> {
  /** Of each sender in each chat; a turn ends when the message is in the log's queue. */
  private readonly turns = new Turns();

  constructor(
    private readonly deps: {
      log: Pick<MessageLog, 'append' | 'written'>;
      review: MessageReview;
      mentions: MentionResolver;
      snapshot(chatId: string): Promise<ChatSnapshot | undefined>;
    },
  ) {}

  /** @param accepted called when the message is about to be written, and not for one that is refused. */
  async append(
    chatId: string,
    draft: MessageDraft,
    accepted: () => Promise<void> = () => Promise.resolve(),
  ): Promise<Appended> {
    // Nobody is asked about what the system says.
    if (draft.senderId.toHexString() === SYSTEM_USER_ID) {
      return this.deps.log.append(chatId, draft);
    }
    const key = `${chatId}:${draft.senderId.toHexString()}`;
    const { appended } = await this.turns.take(key, async (turn) => {
      const reviewed = this.reviewed(chatId, draft);
      // It may fail before its turn, and is awaited after that.
      reviewed.catch(() => undefined);
      await turn;
      const found = await reviewed;
      if ('message' in found) return { appended: Promise.resolve(found) };
      await accepted();
      // In an object: a promise alone would be awaited, and the next message would wait for the database.
      return { appended: this.deps.log.append(chatId, found) };
    });
    return appended;
  }

  written(...args: Parameters<MessageLog['written']>): ReturnType<MessageLog['written']> {
    return this.deps.log.written(...args);
  }

  /** The message as it may be written, or the one that an earlier try has written. */
  private async reviewed(chatId: string, draft: MessageDraft): Promise<Appended | MessageDraft> {
    const { log, mentions, review, snapshot } = this.deps;
    const { clientMessageId, fingerprint } = draft;
    const senderId = draft.senderId.toHexString();
    if (clientMessageId !== undefined && fingerprint !== undefined) {
      const message = await log.written(chatId, senderId, { clientMessageId, fingerprint });
      if (message) return { message, isReplay: true };
    }
    const { metadata } = draft;
    // The fingerprint is of what the client sent first: its sender may have edited a held message since.
    const said = JSON.stringify([draft.content, metadataText(metadata ?? {})]);
    const verdict = await review.review(
      {
        chatId,
        senderId,
        content: draft.content,
        messageType: draft.messageType,
        media: draft.media,
        clientMessageId,
        ...(draft.replyTo && { replyTo: draft.replyTo.id.toHexString() }),
        isForwarded: draft.forwardedFrom !== undefined,
        ...(metadata !== undefined && { metadata }),
      },
      clientMessageId &&
        `send:${chatId}:${senderId}:${clientMessageId}:${fingerprint ?? ''}:${said}`,
    );
    const { content } = verdict;
    const data = verdict.metadata ?? metadata;
    const changed = { ...draft, ...verdict, metadata: hasMetadata(data) ? data : undefined };
    if (content === undefined || content === draft.content) return changed;
    const chat = await snapshot(chatId);
    const mentioned = chat ? await mentions.resolve(chat, content) : [];
    return { ...changed, mentions: mentioned.map(objectId) };
  }
}
