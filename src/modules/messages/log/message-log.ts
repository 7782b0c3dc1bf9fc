import { Types } from 'mongoose';
import { objectId } from '../../../platform/object-id.js';
import type { Metrics } from '../../../platform/metrics.js';
import type { Clock } from '../../../shared/clock.js';
import { QUEUE_STEP_MS, withDeadline } from '../../../shared/deadline.js';
import type { SendIdentity } from '../idempotency.js';
import { findWritten } from '../idempotency.js';
import type { Attachment, StoredMessage } from '../message.model.js';
import type { NewestNumbers } from '../messages.repository.js';
import { LogChanges, LogInserts } from './log-writes.js';
import type { Numbered } from './log-writes.js';
import type { LogRepository } from './log.repository.js';
import type { Appended, ChatQueue, MessageDraft, Mutation } from './write-queues.js';
import { MAX_BATCH, WriteQueues } from './write-queues.js';

/** Messages that are removed together. */
const ERASED_AT_ONCE = 500;

/**
 * The numbered log of every chat, and the only writer of messages.
 *
 * Writes of all chats are collected while the previous insert is running and are sent as one ordered insert
 * (group commit): a quiet server adds no delay, a busy one spends one round trip on hundreds of messages.
 * Numbers are `last + 1` under unique indexes. When two nodes choose the same number, one of them gets a
 * duplicate-key error, reads the last numbers again and retries. So numbers have no holes and become visible
 * in order, without transactions and without a counter that a crash could leave ahead of its messages.
 */
export class MessageLog {
  private readonly queues = new WriteQueues((queues) => this.write(queues));
  private readonly inserts: LogInserts;
  private readonly changes: LogChanges;

  /** @param onNewestRead is called with a chat's newest numbers whenever the log reads them for a write. */
  constructor(
    private readonly messages: LogRepository,
    clock: Clock,
    metrics: Metrics,
    private readonly onNewestRead: (chatId: string, newest: NewestNumbers) => void = () =>
      undefined,
  ) {
    this.changes = new LogChanges(messages, clock);
    this.inserts = new LogInserts({
      messages,
      clock,
      metrics,
      markContended: (queue) => {
        this.queues.markContended(queue);
      },
    });
  }

  /**
   * Writes a message at the end of its chat; resolves when the database has it.
   *
   * @throws {AppError} CLIENT_MESSAGE_ID_REUSED when the sender has used the client id for another
   *   message in this chat, OVERLOADED or UNAVAILABLE when the client should try again.
   */
  append(chatId: string, draft: MessageDraft): Promise<Appended> {
    return this.queues.add(chatId, (resolve, reject) => ({
      kind: 'insert',
      id: new Types.ObjectId(),
      draft,
      attempts: 0,
      since: performance.now(),
      resolve,
      reject,
    }));
  }

  /**
   * Changes a message and gives it the chat's next version; resolves when the database has it.
   *
   * @param read the message as the caller has just read it, which saves reading it again. It is only written to
   *   while it is still so.
   * @throws {AppError} NOT_FOUND when the chat has no such message; whatever `mutate` throws.
   */
  change(
    chatId: string,
    messageId: string,
    mutate: Mutation,
    read?: StoredMessage,
  ): Promise<{ message: StoredMessage; changed: boolean }> {
    return this.queues.add(chatId, (resolve, reject) => ({
      kind: 'change',
      messageId,
      mutate,
      read,
      attempts: 0,
      since: performance.now(),
      resolve,
      reject,
    }));
  }

  /**
   * Messages of a chat that changed after a version, oldest change first, at most `limit`. Only what no
   * failover can take back is shown: a reader's cursor must not run ahead of the log.
   */
  changedSince(chatId: string, version: number, limit: number): Promise<StoredMessage[]> {
    return this.messages.changedSince(chatId, version, limit);
  }

  /**
   * The chat's newest numbers, from the database, such that no failover can take them back. Only these may become a
   * reader's cursor: the messages up to that number hold every change up to that version.
   */
  async readNewest(chatId: string): Promise<NewestNumbers> {
    // One after the other: a message written between the two reads must not be covered by the version and yet
    // come after the number, or a reader who takes the messages up to one and the version would miss it.
    const version = await this.messages.newest('version', chatId, 'majority');
    const seq = await this.messages.newest('seq', chatId, 'majority');
    return { seq, version };
  }

  /** The number of the chat's newest message, from the database; 0 for none. */
  newestSeq(chatId: string): Promise<number> {
    return this.messages.newest('seq', chatId, 'local');
  }

  /**
   * The message that a sender has already written in a chat under a client id.
   *
   * @throws {AppError} CLIENT_MESSAGE_ID_REUSED when it is another message.
   */
  written(
    chatId: string,
    senderId: string,
    identity: SendIdentity,
  ): Promise<StoredMessage | undefined> {
    return findWritten(this.messages, {
      chatId: objectId(chatId),
      senderId: objectId(senderId),
      ...identity,
    });
  }

  /**
   * Removes all messages of a chat that is itself being removed, with their numbers.
   *
   * @param release called with the attachments of messages before they are removed.
   */
  async erase(chatId: string, release: (media: Attachment[]) => Promise<void>): Promise<void> {
    for (let removed = ERASED_AT_ONCE; removed === ERASED_AT_ONCE;) {
      removed = await this.messages.removeSome(chatId, ERASED_AT_ONCE, (messages) =>
        release(messages.flatMap(({ media }) => media)),
      );
    }
  }

  /** Resolves when everything accepted so far is written or refused. */
  drained(): Promise<void> {
    return this.queues.drained();
  }

  private async write(queues: ChatQueue[]): Promise<void> {
    await withDeadline(this.loadNewest(queues), QUEUE_STEP_MS);
    const numbered: Numbered[] = [];
    const changes: Promise<void>[] = [];
    for (const queue of queues) {
      if (queue.items[0]?.kind === 'change') changes.push(this.changes.apply(queue));
      else numbered.push(...this.inserts.number(queue, MAX_BATCH - numbered.length));
    }
    const outcomes = await Promise.allSettled([this.inserts.insert(numbered), ...changes]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  private async loadNewest(queues: ChatQueue[]): Promise<void> {
    const unknown = queues.filter((queue) => !queue.newest);
    if (unknown.length === 0) return;
    const newest = await this.messages.newestOf(unknown.map(({ chatId }) => chatId));
    for (const queue of unknown) {
      queue.newest = newest.get(queue.chatId)!;
      this.onNewestRead(queue.chatId, queue.newest);
    }
  }
}
