import type {
  ChatInfo,
  ChatMessage,
  MemberPosition,
  MessageStatus,
  SyncedChat,
} from './wire.types.js';

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
  /** Up to where this user has read; large chats come without the members' positions. */
  private readSeq = 0;
  private readonly messages = new Map<string, ChatMessage>();
  private readonly positions = new Map<string, MemberPosition>();
  private readonly waiting = new Map<number, ChatMessage>();
  /** Messages that this user has deleted for themselves, as far as this device has heard of them. */
  private readonly hidden = new Set<string>();
  /** Messages from here on are held; older ones are fetched when somebody looks at them. */
  private floor = 1;
  /** Newest states of messages below the floor, kept while older history is being fetched. */
  private below: Map<string, ChatMessage> | undefined;
  private extending: Promise<number> | undefined;

  constructor(
    readonly chatId: string,
    private readonly userId: string,
  ) {}

  /** The messages held, ascending by number, each with how far it has come. */
  list(): ChatMessage[] {
    const positions = [...this.positions.values()];
    return [...this.messages.values()]
      .sort((a, b) => a.seq - b.seq)
      .map((message) => ({ ...message, status: statusOf(message, positions) }));
  }

  /** How far the members have read and received, by user id. */
  members(): MemberPosition[] {
    return [...this.positions.values()].sort((a, b) => (a.userId < b.userId ? -1 : 1));
  }

  /** Messages by others that this user has not read. */
  unreadCount(): number {
    const readSeq = Math.max(this.readSeq, this.settings.clearedSeq);
    const held = [...this.messages.values()].filter(
      ({ seq, senderId, isDeleted, messageType }) =>
        seq > readSeq && senderId !== this.userId && !isDeleted && messageType !== 'system',
    ).length;
    // Unread messages older than what is held are known to the server alone.
    return this.floor <= readSeq + 1 ? held : Math.max(held, this.info?.unreadCount ?? 0);
  }

  /** Whether changes wait for one that has not come. */
  get hasGap(): boolean {
    return this.waiting.size > 0;
  }

  /** Number of the oldest message held; older ones are on the server. */
  get oldestSeq(): number {
    return this.floor;
  }

  /** Takes in a change that was heard live. */
  applyLive(message: ChatMessage): Outcome {
    if (message.version <= this.version) return 'known';
    if (message.version > this.version + 1) {
      if (this.waiting.size < MAX_WAITING) this.waiting.set(message.version, message);
      return 'waiting';
    }
    this.put(message);
    this.version = message.version;
    this.applyWaiting();
    return 'applied';
  }

  /** Takes in what a sync has brought. */
  applySync(synced: SyncedChat): void {
    this.info = synced.isReset ? synced.chat : withNewest(synced.chat, this.info);
    this.settings = synced.settings;
    this.tag = synced.tag;
    this.takePositions(synced);
    if (synced.isReset) {
      this.messages.clear();
      this.floor = synced.messages[0]?.seq ?? synced.head.seq + 1;
      this.version = synced.version;
      this.dropWaiting();
    }
    for (const message of synced.messages) this.put(message);
    for (const messageId of synced.hidden) this.hide(messageId);
    this.version = Math.max(this.version, synced.version);
    this.dropCleared();
    this.dropWaiting();
    this.applyWaiting();
  }

  /** Takes a message away that this user has deleted for themselves. */
  hide(messageId: string): void {
    this.hidden.add(messageId);
    this.messages.delete(messageId);
    this.below?.delete(messageId);
  }

  /** Moves a member's position forward. */
  applyPosition(userId: string, field: 'lastReadSeq' | 'lastDeliveredSeq', seq: number): void {
    if (userId === this.userId && field === 'lastReadSeq')
      this.readSeq = Math.max(this.readSeq, seq);
    const known = this.positions.get(userId);
    if (!known || known[field] >= seq) return;
    this.positions.set(userId, { ...known, [field]: seq });
  }

  /**
   * Takes in older history, which `fetch` brings; answers how many messages that were. Who asks while
   * that is under way shares it. What changes in it on the way is not lost: the newer version of each
   * message counts.
   */
  extend(fetch: (before: number) => Promise<ChatMessage[]>): Promise<number> {
    this.extending ??= this.takeOlder(fetch).finally(() => {
      this.extending = undefined;
    });
    return this.extending;
  }

  private async takeOlder(fetch: (before: number) => Promise<ChatMessage[]>): Promise<number> {
    const { floor } = this;
    const below = new Map<string, ChatMessage>();
    this.below = below;
    try {
      const older = await fetch(floor);
      if (this.floor !== floor) return 0;
      this.floor = older[0]?.seq ?? 1;
      for (const message of [...older, ...below.values()]) this.put(message);
      return older.length;
    } finally {
      this.below = undefined;
    }
  }

  /** Positions only move forward: an answer may be older than what was heard since it was asked for. */
  private takePositions({ chat, positions, isReset }: SyncedChat): void {
    this.readSeq = Math.max(chat.lastReadSeq, isReset ? 0 : this.readSeq);
    const known = new Map(isReset ? [] : this.positions);
    this.positions.clear();
    for (const { userId, lastReadSeq, lastDeliveredSeq } of positions) {
      const before = known.get(userId);
      this.positions.set(userId, {
        userId,
        lastReadSeq: Math.max(lastReadSeq, before?.lastReadSeq ?? 0),
        lastDeliveredSeq: Math.max(lastDeliveredSeq, before?.lastDeliveredSeq ?? 0),
      });
    }
  }

  /** What the user has cleared or hidden stays away, whatever others still do to it. */
  private put(message: ChatMessage): void {
    const { seq: lastSeq, createdAt: lastMessageAt } = message;
    if (this.info) this.info = withNewest(this.info, { lastSeq, lastMessageAt });
    if (message.seq <= this.settings.clearedSeq || this.hidden.has(message.id)) return;
    if (message.seq < this.floor) {
      this.below?.set(message.id, message);
      return;
    }
    const known = this.messages.get(message.id);
    if (!known || known.version < message.version) this.messages.set(message.id, message);
  }

  private applyWaiting(): void {
    for (;;) {
      const next = this.waiting.get(this.version + 1);
      if (!next) return;
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

  private dropCleared(): void {
    for (const [id, { seq }] of this.messages) {
      if (seq <= this.settings.clearedSeq) this.messages.delete(id);
    }
  }
}

type Newest = Pick<ChatInfo, 'lastSeq' | 'lastMessageAt'>;

/** The chat with its newest message as told, if that is newer than what the chat says. */
const withNewest = (chat: ChatInfo, told: Newest | undefined): ChatInfo =>
  told && told.lastSeq > chat.lastSeq
    ? { ...chat, lastSeq: told.lastSeq, lastMessageAt: told.lastMessageAt }
    : chat;

/** How far a message has come among the members other than its sender. */
const statusOf = (message: ChatMessage, positions: MemberPosition[]): MessageStatus => {
  const others = positions.filter(({ userId }) => userId !== message.senderId);
  if (others.length === 0) return 'sent';
  if (others.every(({ lastReadSeq }) => lastReadSeq >= message.seq)) return 'read';
  const hasArrived = ({ lastReadSeq, lastDeliveredSeq }: MemberPosition) =>
    Math.max(lastReadSeq, lastDeliveredSeq) >= message.seq;
  return others.every(hasArrived) ? 'delivered' : 'sent';
};
