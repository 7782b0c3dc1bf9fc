import { createHash } from 'node:crypto';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import { AppError } from '../../shared/errors.js';
import type { ChatSnapshot } from '../chats/index.js';
import type { MentionResolver } from './mention-resolver.js';
import { isTombstone } from './message-reader.js';
import type { MessageReader } from './message-reader.js';
import type { MessageDraft } from './message-log.types.js';
import type { AttachmentClaims, SendInput } from './send-message.types.js';

/** What makes two sends of one sender in one chat the same message. */
export interface SendIdentity {
  clientMessageId: string;
  /** Digest of what is said: the same id with another one is a mistake of the client's. */
  fingerprint: string;
}

/** What drafting is built from. */
export interface MessageDraftingParts {
  seen: MessageReader;
  attachments: Pick<AttachmentClaims, 'claim'>;
  mentions: MentionResolver;
}

/** Works out what is to be written from what a client has sent. */
export class MessageBuilder {
  constructor(private readonly parts: MessageDraftingParts) {}

  /**
   * The message as it will stand in the log, but for its number and time. Its files are claimed by this.
   *
   * @throws {AppError} VALIDATION for a reply to a message that the actor cannot see in this chat, and what
   *   claiming files throws.
   */
  async draft(
    actor: Actor,
    chat: ChatSnapshot,
    input: SendInput,
    identity: SendIdentity | undefined,
  ): Promise<MessageDraft> {
    const { forwarded } = input;
    const media = await this.media(actor, input);
    const replyTo = await this.replyTarget(actor, input);
    return {
      senderId: objectId(actor.userId),
      messageType: input.messageType,
      content: input.content,
      media,
      mentions: (await this.parts.mentions.resolve(chat, input.content)).map(objectId),
      reactions: [],
      ...(forwarded && {
        forwardedFrom: {
          senderId: objectId(forwarded.senderId),
          messageId: objectId(forwarded.messageId),
        },
      }),
      ...(replyTo && { replyTo }),
      ...identity,
    };
  }

  private async media(
    actor: Actor,
    { chatId, media, forwarded }: SendInput,
  ): Promise<MessageDraft['media']> {
    if (media.length === 0) return [];
    return this.parts.attachments.claim(actor, chatId, media, forwarded?.fromChatId);
  }

  private async replyTarget(
    actor: Actor,
    { chatId, replyTo }: SendInput,
  ): Promise<MessageDraft['replyTo']> {
    if (replyTo === undefined) return undefined;
    // As with everything else that is not there for the actor, nothing is told of what has been cleared.
    const target = await this.parts.seen.seen(actor, replyTo).catch(asNotReplyable);
    if (target.chat.id !== chatId || isTombstone(target.doc)) throw notReplyable();
    return { id: target.doc._id, seq: target.doc.seq };
  }
}

const notReplyable = (): AppError =>
  new AppError('VALIDATION', 'The message to reply to is not in this chat', {
    errors: [{ path: 'replyTo', message: 'is not a message of this chat' }],
  });

const asNotReplyable = (error: unknown): never => {
  throw error instanceof AppError && error.code === 'NOT_FOUND' ? notReplyable() : error;
};

/** By what a retry of this send is recognised; nothing where the client gives its messages no ids. */
export const identityOf = (input: SendInput): SendIdentity | undefined => {
  const { clientMessageId } = input;
  return clientMessageId === undefined
    ? undefined
    : { clientMessageId, fingerprint: fingerprintOf(input) };
};

const fingerprintOf = ({ content, messageType, media, replyTo, filesDigest }: SendInput): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        content,
        filesDigest === undefined ? messageType : null,
        filesDigest ?? media.map(({ fileId, url }) => fileId ?? url),
        replyTo ?? null,
      ]),
    )
    .digest('base64url')
    .slice(0, 22);
