import { createHash } from 'node:crypto';
import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import { AppError } from '../../shared/errors.js';
import type { ChatSnapshot } from '../chats/index.js';
import type { MentionResolver } from './mention-resolver.js';
import type { MessageDraft } from './message-log.types.js';
import type { MessageDoc } from './message.model.js';
import type { AttachmentClaims, SendInput } from './send-message.types.js';

/** What makes two sends of one sender in one chat the same message. */
export interface SendIdentity {
  clientMessageId: string;
  /** Digest of what is said: the same id with another one is a mistake of the client's. */
  fingerprint: string;
}

/** What drafting is built from. */
export interface MessageDraftingParts {
  messages: Model<MessageDoc>;
  attachments: Pick<AttachmentClaims, 'claim'>;
  mentions: MentionResolver;
}

/** Works out what is to be written from what a client has sent. */
export class MessageDrafting {
  constructor(private readonly parts: MessageDraftingParts) {}

  /**
   * The message as it will stand in the log, but for its number and time. Its files are claimed by this.
   *
   * @throws {AppError} VALIDATION for a reply to a message of another chat, and what claiming files throws.
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
    const target = await this.parts.messages
      .findOne(
        { _id: objectId(replyTo), chatId: objectId(chatId) },
        { seq: 1, deletedFor: 1, deletedAt: 1 },
      )
      .lean();
    const isGone =
      !target || target.deletedAt || target.deletedFor?.some((id) => id.equals(actor.userId));
    if (isGone) {
      throw new AppError('VALIDATION', 'The message to reply to is not in this chat', {
        errors: [{ path: 'replyTo', message: 'is not a message of this chat' }],
      });
    }
    return { id: target._id, seq: target.seq };
  }
}

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
