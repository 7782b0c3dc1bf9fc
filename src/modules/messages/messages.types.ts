import type { Metadata } from '../../shared/metadata.js';
import type { Actor } from '../../shared/actor.js';
import type { UserCard } from '../users/index.js';
import type { Attachment, MessageType } from './message.model.js';
import type { MessageRecord } from './message.record.js';

/** What a client sends, whatever the transport and the dialect. */
export interface SendInput {
  chatId: string;
  content: string;
  /** The client's type of the message; undefined: its first attachment decides. */
  messageType?: MessageType | undefined;
  /** With the type `custom`: what the message is, to the clients that know it. */
  customType?: string | undefined;
  /** Data of the sender's own. */
  metadata?: Metadata | undefined;
  media: Attachment[];
  /** Id of the message that this one answers; of the same chat. */
  replyTo?: string | undefined;
  clientMessageId?: string | undefined;
  /** Where a forwarded message comes from. */
  forwarded?: { fromChatId: string; senderId: string; messageId: string } | undefined;
  /** Digest of the files' contents, when a retry stores them again; otherwise their ids identify them. */
  filesDigest?: string | undefined;
}

/** The type of a message from what its sender says and attaches. */
export const messageTypeOf = (
  said: MessageType | undefined,
  media: readonly Partial<Attachment>[],
): MessageType => said ?? (media[0] ? (media[0].type ?? 'file') : 'text');

/** The written message and its sender. */
export interface Sent {
  message: MessageRecord;
  sender: UserCard;
  isReplay: boolean;
}

/** Takes over the uploads that a message refers to. */
export interface AttachmentClaims {
  /** The attachments as they came, each address that is one of ours with the id of its file. */
  recognise(media: Attachment[]): Attachment[];
  /**
   * Checks that the actor may attach the files to a message of the chat, and returns what to store:
   * the server's own facts about them, whatever the client said.
   *
   * @param fromChatId set when the files are forwarded: they already hang on a message of that chat,
   *   which the actor may see, whoever has uploaded them.
   * @throws {AppError} NOT_FOUND for a file of somebody else, VALIDATION for a URL that is not allowed.
   */
  claim(
    actor: Actor,
    chatId: string,
    media: Attachment[],
    fromChatId?: string,
  ): Promise<Attachment[]>;
  /** Called before a message with these attachments is deleted, so that the collector checks their files. */
  release(media: Attachment[]): Promise<void>;
  /** The attachments with addresses that the chat's members can load for a while, as `<img>` does. */
  addressed(media: Attachment[]): Attachment[];
}
