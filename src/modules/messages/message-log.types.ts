import type { Types, UpdateQuery } from 'mongoose';
import type { MessageDoc } from './message.model.js';

/** A message before it has its place: everything but numbers, id and times. */
export type MessageDraft = Omit<
  MessageDoc,
  '_id' | 'chatId' | 'seq' | 'version' | 'versions' | 'uncounted' | 'createdAt' | 'updatedAt'
>;

/** A written message; `isReplay` when an earlier send with the same client id had already written it. */
export interface Appended {
  message: MessageDoc;
  isReplay: boolean;
}

/**
 * Works out a change from the message as it is; returns undefined when there is nothing to change.
 * May be called again when another change came first.
 */
export type Mutation = (current: MessageDoc) => UpdateQuery<MessageDoc> | undefined;

/** The newest numbers of a chat. */
export interface Head {
  seq: number;
  version: number;
}

/** A message that waits for its number. */
export interface PendingInsert {
  kind: 'insert';
  /** Chosen once, so that a write whose answer was lost is recognised when it is tried again. */
  id: Types.ObjectId;
  draft: MessageDraft;
  attempts: number;
  /** When it was added, by `performance.now()`. */
  since: number;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

/** A change that waits for its number. */
export interface PendingChange {
  kind: 'change';
  messageId: string;
  mutate: Mutation;
  attempts: number;
  /** When it was added, by `performance.now()`. */
  since: number;
  resolve(result: { message: MessageDoc; changed: boolean }): void;
  reject(error: unknown): void;
}

/** What waits to be written in one chat. */
export interface ChatQueue {
  chatId: string;
  items: (PendingInsert | PendingChange)[];
  /** Newest numbers as far as this node knows; undefined until read, and after a conflict. */
  head: Head | undefined;
  /** Another node writes here too: this chat's conflicts must not hold up other chats' batches. */
  isContended: boolean;
}
