import type { Actor } from '../../shared/actor.js';
import type { UserCard } from '../users/index.js';
import type { Attachment, MessageType } from './message.model.js';
import type { MessageRecord } from './message.record.js';

/** What a client sends, whatever the transport and the dialect. */
export interface SendInput {
  chatId: string;
  content: string;
  messageType: MessageType;
  media: Attachment[];
  /** Id of the message that this one answers; of the same chat. */
  replyTo?: string | undefined;
  clientMessageId?: string | undefined;
  /** Where a forwarded message comes from. */
  forwarded?: { fromChatId: string; senderId: string; messageId: string } | undefined;
  /** What tells the files of two sends apart, when a retry has stored them anew; else their ids do. */
  filesDigest?: string | undefined;
}

/** The written message and its sender. */
export interface Sent {
  message: MessageRecord;
  sender: UserCard;
  isReplay: boolean;
}

/** Takes over the uploads that a message refers to. */
export interface AttachmentClaims {
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
  /** Says that a message with these attachments is about to go, so that their files are looked after. */
  release(media: Attachment[]): Promise<void>;
  /** The attachments with addresses that the chat's members can load for a while, as `<img>` does. */
  addressed(media: Attachment[]): Attachment[];
}
