import { MemberPositions } from './member-positions.js';
import { MessageStretch } from './message-stretch.js';
import { MessageWindow } from './message-window.js';
import { UnreadCounter } from './unread-counter.js';
import type {
  ChatInfo,
  ChatMessage,
  LastMessage,
  MemberPosition,
  SyncedChat,
} from './wire.types.js';

/** What became of a change: taken in, already there, or waiting for one that comes before it. */
export type Outcome = 'applied' | 'known' | 'waiting';

/** Fetches a page of a chat's history, by the query of `GET /api/chats/:chatId/messages`; ascending by number. */
export type FetchPage = (query: string) => Promise<ChatMessage[]>;

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
  private readonly mentions: UnreadCounter;
  private readonly waiting = new Map<number, ChatMessage>();
  private extending: Promise<number> | undefined;
  /** What somebody has jumped to, while that is apart from the newest messages. */
  private stretch: MessageStretch | undefined;
  /** Stretches for which a page is on its way. */
  private readonly growing = new Set<MessageStretch>();
  /** Pinned messages, as far as they are known. */
  private readonly pins = new Map<string, ChatMessage>();
  /** What was last answered, until something changes; each message as it was shown with its status. */
  private shown: ChatMessage[] | undefined;
  private newest: ChatMessage[] | undefined;
  private shownPositions: MemberPosition[] | undefined;
  private readonly withStatus = new WeakMap<ChatMessage, ChatMessage>();

  constructor(
    readonly chatId: string,
    userId: string,
  ) {
    this.positions = new MemberPositions(userId);
    this.unread = new UnreadCounter(userId);
    this.mentions = new UnreadCounter(userId, ({ mentions }) => mentions.includes(userId));
  }

  /** The messages held, ascending by number, each with how far it has come. The same array until something changes. */
  list(): ChatMessage[] {
    this.newest ??= this.present(this.window.sorted());
    return this.newest;
  }

  /** The messages to show: those held, or those around the one that somebody has jumped to. */
  view(): ChatMessage[] {
    if (!this.stretch) return this.list();
    this.shown ??= this.present(this.stretch.sorted());
    return this.shown;
  }

  /** Whether the view ends before the newest message. */
  get isDetached(): boolean {
    return this.stretch !== undefined;
  }

  /** Whether there may be older messages than the view's first. */
  get hasOlder(): boolean {
    if (this.stretch) return this.stretch.hasOlder;
    return this.oldestSeq > Math.max(1, this.settings.clearedSeq + 1);
  }

  /** Pinned messages, as far as they are known, last pinned first. */
  pinned(): ChatMessage[] {
    return [...this.pins.values()].sort((a, b) => (at(a) < at(b) ? 1 : -1));
  }

  /** How far the members have read and received, by user id. The same array until something changes. */
  members(): MemberPosition[] {
    this.shownPositions ??= this.positions.list();
    return this.shownPositions;
  }

  /** The chat as the server last described it, with what this device knows since. */
  summary(): ChatInfo | undefined {
    if (!this.info) return undefined;
    return {
      ...this.info,
      lastReadSeq: this.positions.readSeq,
      unreadCount: this.unreadCount(),
      mentionCount: this.mentionCount(),
      lastMessage: this.lastMessage(this.info.lastMessage),
    };
  }

  /** Unread messages that mention this user. */
  mentionCount(): number {
    const { readUpTo } = this;
    const below = this.mentions.below(this.oldestSeq, readUpTo);
    return this.mentions.among(this.window.values(), readUpTo) + below;
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
    this.changed();
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
    this.clear(this.settings.clearedSeq);
    this.changed();
    if (synced.isReset) {
      const { seq } = synced.head;
      this.window.restart(synced.messages[0]?.seq ?? seq + 1, seq);
      this.version = synced.version;
      this.dropWaiting();
      // Of what lies outside the newest page, changes may have been missed.
      this.stretch = undefined;
      this.pins.clear();
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
    this.stretch?.hide(messageId);
    this.pins.delete(messageId);
    this.changed();
  }

  /** Moves a member's position forward; answers whether it was further back. */
  applyPosition(userId: string, field: 'lastReadSeq' | 'lastDeliveredSeq', seq: number): boolean {
    const hasMoved = this.positions.move(userId, field, seq);
    if (hasMoved) this.changed();
    return hasMoved;
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

  /** Fetches what lies before the view; answers how many messages that were. */
  loadOlder(fetch: FetchPage, limit: number): Promise<number> {
    const { stretch } = this;
    if (!this.hasOlder) return Promise.resolve(0);
    if (!stretch) return this.extend((before) => fetch(`before=${before}&limit=${limit}`));
    return this.grow(stretch, () => fetch(`before=${stretch.first}&limit=${limit}`)).then(
      (count) => {
        stretch.hasOlder = count > 0;
        return count;
      },
    );
  }

  /**
   * Fetches what lies behind a detached view; answers how many messages that were. When the view meets the newest
   * messages, it ends there as before.
   */
  async loadNewer(fetch: FetchPage, limit: number): Promise<number> {
    const { stretch } = this;
    if (!stretch) return 0;
    const count = await this.grow(stretch, () => fetch(`after=${stretch.last}&limit=${limit}`));
    if (stretch === this.stretch && (count === 0 || stretch.last >= this.oldestSeq - 1)) {
      await this.join(stretch);
    }
    return count;
  }

  /** Shows what lies around a message, and not the newest ones unless it is among them. */
  async loadAround(fetch: FetchPage, seq: number, limit: number): Promise<void> {
    if (seq >= this.oldestSeq) {
      this.showNewest();
      return;
    }
    const stretch = new MessageStretch();
    await this.grow(stretch, () => fetch(`around=${seq}&limit=${limit}`));
    this.stretch = stretch;
    this.changed();
    if (stretch.last >= this.oldestSeq - 1) await this.join(stretch);
  }

  /** Shows the newest messages again. */
  showNewest(): void {
    this.stretch = undefined;
    this.changed();
  }

  /** Takes in the pinned messages, as the server has just listed them. */
  setPinned(messages: ChatMessage[]): void {
    this.pins.clear();
    for (const message of messages) this.pins.set(message.id, message);
    this.changed();
  }

  private async grow(
    stretch: MessageStretch,
    fetch: () => Promise<ChatMessage[]>,
  ): Promise<number> {
    const before = this.stretch;
    // It must hear of changes while its first page is on the way.
    this.growing.add(stretch);
    try {
      return await stretch.add(fetch);
    } finally {
      this.growing.delete(stretch);
      if (before === this.stretch) this.changed();
    }
  }

  /** The stretch reaches what is held: that begins with it from now on. */
  private async join(stretch: MessageStretch): Promise<void> {
    await this.extending?.catch(() => undefined);
    await this.extend((before) =>
      Promise.resolve(stretch.sorted().filter(({ seq }) => seq < before)),
    );
    if (this.stretch === stretch) this.showNewest();
  }

  private async takeOlder(fetch: (before: number) => Promise<ChatMessage[]>): Promise<number> {
    const older = await this.window.extend(fetch);
    this.unread.taken(older, this.readUpTo);
    this.mentions.taken(older, this.readUpTo);
    for (const message of older) if (message.isPinned) this.pins.set(message.id, message);
    this.changed();
    return older.length;
  }

  /** What was worked out is so no longer. */
  private changed(): void {
    this.newest = undefined;
    this.shown = undefined;
    this.shownPositions = undefined;
  }

  /** The same object for a message as long as neither it nor its status changes. */
  private present(messages: ChatMessage[]): ChatMessage[] {
    return messages.map((message) => {
      const status = this.positions.statusOf(message);
      const known = this.withStatus.get(message);
      if (known?.status === status) return known;
      const shown = { ...message, status };
      this.withStatus.set(message, shown);
      return shown;
    });
  }

  /** The chat's newest message that this user sees, `told` where none is held. */
  private lastMessage(told: LastMessage | null): LastMessage | null {
    const newest = this.list().at(-1);
    if (!newest) return told && told.seq > this.settings.clearedSeq ? told : null;
    const { id, seq, senderId, messageType, content, isDeleted, createdAt } = newest;
    return { id, seq, senderId, messageType, content, deleted: isDeleted, createdAt };
  }

  private clear(upToSeq: number): void {
    this.window.clear(upToSeq);
    this.stretch?.clear(upToSeq);
    for (const [id, { seq }] of this.pins) if (seq <= upToSeq) this.pins.delete(id);
  }

  /** What came live while the answer was on its way is not in its count. */
  private takeCount({ chat, settings, head }: SyncedChat): void {
    const readThen = Math.max(chat.lastReadSeq, settings.clearedSeq);
    const held = [...this.window.values()];
    this.unread.counted(chat.unreadCount, held, readThen, head.seq);
    this.mentions.counted(chat.mentionCount, held, readThen, head.seq);
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
    const place = this.window.put(message);
    if (place === 'nowhere') return;
    if (place === 'below') {
      this.unread.changedBelow(message, this.readUpTo);
      this.mentions.changedBelow(message, this.readUpTo);
    }
    this.stretch?.put(message);
    for (const stretch of this.growing) stretch.put(message);
    if (message.isPinned) this.pins.set(message.id, message);
    else this.pins.delete(message.id);
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
    const gone = this.window.trim();
    this.unread.letGo(gone, floor, this.readUpTo);
    this.mentions.letGo(gone, floor, this.readUpTo);
  }
}

type Newest = Pick<ChatInfo, 'lastSeq' | 'lastMessageAt'>;

/** The chat with its newest message as told, if that is newer than what the chat says. */
const withNewest = (chat: ChatInfo, told: Newest | undefined): ChatInfo =>
  told && told.lastSeq > chat.lastSeq
    ? { ...chat, lastSeq: told.lastSeq, lastMessageAt: told.lastMessageAt }
    : chat;

const at = ({ pinnedAt, createdAt }: ChatMessage): string => pinnedAt ?? createdAt;
