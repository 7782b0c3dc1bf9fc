import { MemberPositions } from './member-positions.js';
import { MessageWindow } from './message-window.js';
import { UnreadCounter } from './unread-counter.js';
import type { ChatInfo, ChatMessage, MemberPosition, SyncedChat } from './wire.types.js';

/** What became of a change: taken in, already there, or waiting for one that comes before it. */
export type Outcome = 'applied' | 'known' | 'waiting';

/** Changes that may wait for missing ones; more than this, and the sync will bring them anyway. */
const MAX_WAITING = 500;

/**
 * One chat as this device has it. Changes are numbered by version and are taken in one after the other
 * without a hole; so the store is at every moment what the log was at its version.
 */
export class ChatStore {
  /** As the server last described the chat, its newest message as this device knows it. */
  info: ChatInfo | undefined;
  settings: SyncedChat['settings'] = { clearedSeq: 0, hiddenSeq: null, archivedSeq: null };
  /** Stands for everything that is not a message; the next sync compares it. */
  tag: string | undefined;
  /** Up to which change the store has everything. */
  version = 0;
  private readonly window = new MessageWindow();
  private readonly positions: MemberPositions;
  private readonly unread: UnreadCounter;
  private readonly waiting = new Map<number, ChatMessage>();
  private extending: Promise<number> | undefined;

  constructor(
    readonly chatId: string,
    userId: string,
  ) {
    this.positions = new MemberPositions(userId);
    this.unread = new UnreadCounter(userId);
  }

  /** The messages held, ascending by number, each with how far it has come. */
  list(): ChatMessage[] {
    return this.window
      .sorted()
      .map((message) => ({ ...message, status: this.positions.statusOf(message) }));
  }

  /** How far the members have read and received, by user id. */
  members(): MemberPosition[] {
    return this.positions.list();
  }

  /** The chat as the server last described it, with what this device knows since. */
  summary(): ChatInfo | undefined {
    const lastReadSeq = this.positions.readSeq;
    return this.info && { ...this.info, lastReadSeq, unreadCount: this.unreadCount() };
  }

  /** Messages by others that this user has not read. */
  unreadCount(): number {
    const { readUpTo } = this;
    return this.unread.among(this.window.values(), readUpTo) + this.unreadBelow(readUpTo);
  }

  /** Whether there are unread messages older than what is held, which the server alone can count. */
  get hasUnreadBelow(): boolean {
    return this.unreadBelow(this.readUpTo) > 0;
  }

  /** Whether changes wait for one that has not come. */
  get hasGap(): boolean {
    return this.waiting.size > 0;
  }

  /** Number of the oldest message held; older ones are on the server. */
  get oldestSeq(): number {
    return this.window.oldestSeq;
  }

  /** Takes in a change that was heard live. */
  applyLive(message: ChatMessage): Outcome {
    if (message.version <= this.version) return 'known';
    if (message.version > this.version + 1 || this.window.lacks(message)) {
      if (this.waiting.size < MAX_WAITING) this.waiting.set(message.version, message);
      return 'waiting';
    }
    this.put(message);
    this.version = message.version;
    this.applyWaiting();
    this.trim();
    return 'applied';
  }

  /** Takes in what a sync has brought. */
  applySync(synced: SyncedChat): void {
    this.info = synced.isReset ? synced.chat : withNewest(synced.chat, this.info);
    this.settings = synced.settings;
    this.tag = synced.tag;
    this.positions.applySync(synced);
    this.window.clear(this.settings.clearedSeq);
    if (synced.isReset) {
      const { seq } = synced.head;
      this.window.restart(synced.messages[0]?.seq ?? seq + 1, seq);
      this.version = synced.version;
      this.dropWaiting();
    }
    for (const message of synced.messages) this.put(message);
    for (const messageId of synced.hidden) this.hide(messageId);
    this.version = Math.max(this.version, synced.version);
    this.trim();
    this.takeCount(synced);
    this.dropWaiting();
    this.applyWaiting();
  }

  /** Takes a message away that this user has deleted for themselves. */
  hide(messageId: string): void {
    this.window.hide(messageId);
  }

  /** Moves a member's position forward; answers whether it was further back. */
  applyPosition(userId: string, field: 'lastReadSeq' | 'lastDeliveredSeq', seq: number): boolean {
    return this.positions.move(userId, field, seq);
  }

  /**
   * Takes in older history, which `fetch` brings; answers how many messages that were. Who asks while
   * that is under way shares it.
   */
  extend(fetch: (before: number) => Promise<ChatMessage[]>): Promise<number> {
    this.extending ??= this.takeOlder(fetch).finally(() => {
      this.extending = undefined;
    });
    return this.extending;
  }

  private async takeOlder(fetch: (before: number) => Promise<ChatMessage[]>): Promise<number> {
    const older = await this.window.extend(fetch);
    this.unread.taken(older, this.readUpTo);
    return older.length;
  }

  /** What came live while the answer was on its way is not in its count. */
  private takeCount({ chat, settings, head }: SyncedChat): void {
    const readThen = Math.max(chat.lastReadSeq, settings.clearedSeq);
    this.unread.counted(chat.unreadCount, this.window.values(), readThen, head.seq);
  }

  private get readUpTo(): number {
    return Math.max(this.positions.readSeq, this.settings.clearedSeq);
  }

  private unreadBelow(readUpTo: number): number {
    return this.unread.below(this.oldestSeq, readUpTo);
  }

  private put(message: ChatMessage): void {
    const { seq: lastSeq, createdAt: lastMessageAt } = message;
    if (this.info) this.info = withNewest(this.info, { lastSeq, lastMessageAt });
    if (this.window.put(message) === 'below') this.unread.changedBelow(message, this.readUpTo);
  }

  private applyWaiting(): void {
    for (;;) {
      const next = this.waiting.get(this.version + 1);
      if (!next || this.window.lacks(next)) return;
      this.waiting.delete(next.version);
      this.put(next);
      this.version = next.version;
    }
  }

  private dropWaiting(): void {
    for (const version of this.waiting.keys()) {
      if (version <= this.version) this.waiting.delete(version);
    }
  }

  private trim(): void {
    const floor = this.oldestSeq;
    this.unread.letGo(this.window.trim(), floor, this.readUpTo);
  }
}

type Newest = Pick<ChatInfo, 'lastSeq' | 'lastMessageAt'>;

/** The chat with its newest message as told, if that is newer than what the chat says. */
const withNewest = (chat: ChatInfo, told: Newest | undefined): ChatInfo =>
  told && told.lastSeq > chat.lastSeq
    ? { ...chat, lastSeq: told.lastSeq, lastMessageAt: told.lastMessageAt }
    : chat;
