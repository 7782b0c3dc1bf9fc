import { ChatStore } from './chat-store.js';
import { GapWatch } from './gap-watch.js';
import { SyncRunner } from './sync-runner.js';
import { SyncWishes } from './sync-wishes.js';
import type { Timers } from './timers.js';
import type { ChatMessage, SyncAnswer, SyncRequest } from './wire.types.js';

/** What the synchronizer is built from. */
export interface SynchronizerParts {
  timers: Timers;
  /** The signed-in user; known before the first sync. */
  userId(): string;
  fetch(request: SyncRequest): Promise<SyncAnswer>;
  /** An answer that has been taken in, and what was asked. */
  onAnswer?(answer: SyncAnswer, request: SyncRequest): void;
  onChanged(chatId: string): void;
  onRemoved(chatId: string): void;
}

/** Events that are held during the first sync of a connection; more than this, and another sync brings them. */
export const MAX_HELD = 5000;

/** In larger chats, who joins and leaves is not followed one by one. */
const SMALL_CHAT_MEMBERS = 100;

/** A live event that concerns a chat: taken in at once, or after the sync that is under way. */
type LiveEvent = () => void;

/**
 * Keeps all chats equal to the server's log. Live events are taken in while their numbers follow each
 * other; whatever is missing, whyever, is fetched by a sync.
 */
export class Synchronizer {
  readonly stores = new Map<string, ChatStore>();
  private readonly wishes = new SyncWishes(this.stores);
  private readonly runner: SyncRunner;
  private readonly gaps: GapWatch;
  private isLive = false;
  private held: LiveEvent[] = [];
  /** More was heard than is held: another sync must bring it. */
  private hasMissed = false;
  /** Which connection this is of those that there were; undefined while there is none. */
  private connection: number | undefined;
  private connections = 0;

  constructor(private readonly parts: SynchronizerParts) {
    const { timers } = parts;
    this.runner = new SyncRunner({
      timers,
      wishes: this.wishes,
      connection: () => this.connection,
      fetch: (request) => parts.fetch(request),
      onAnswer: (answer, request) => {
        this.apply(answer);
        parts.onAnswer?.(answer, request);
      },
    });
    this.gaps = new GapWatch(timers, (chatId, version) => {
      const store = this.stores.get(chatId);
      if (store && (store.hasGap || store.version < version)) this.own(this.syncChat(chatId));
    });
  }

  /**
   * Begins anew after a connection was made: syncs first, then takes in what was heard meanwhile. Again on
   * the same connection, it does what has not succeeded.
   */
  async connected(): Promise<void> {
    if (this.isLive) return;
    this.connections += 1;
    const connection = this.connections;
    this.connection = connection;
    this.runner.interrupt();
    // A sync of the connection before fails by itself; this one must not share its fate.
    await this.runner.ended();
    do {
      this.hasMissed = false;
      await this.syncAll();
      if (connection !== this.connection) return;
    } while (this.hasMissed);
    this.isLive = true;
    for (const event of this.held.splice(0)) event();
  }

  /** What was heard before the connection was lost is void: the next sync brings it. */
  disconnected(): void {
    this.connection = undefined;
    this.isLive = false;
    this.held = [];
    this.runner.interrupt();
    this.gaps.clear();
  }

  /** Fetches what has changed anywhere. */
  syncAll(): Promise<void> {
    this.wishes.addAll();
    return this.runner.run();
  }

  /** Fetches what has changed in one chat. */
  syncChat(chatId: string): Promise<void> {
    this.wishes.add(chatId);
    return this.runner.run();
  }

  /** A message that is new or has changed. */
  heardMessage(message: ChatMessage): void {
    this.live(() => {
      const store = this.stores.get(message.chatId);
      if (!store) {
        this.own(this.syncAll());
        return;
      }
      const outcome = store.applyLive(message);
      if (outcome === 'applied') this.parts.onChanged(message.chatId);
      if (outcome === 'waiting') this.gaps.watch(message.chatId);
      // Who is a member, and what the chat is called, has no number; the state's tag tells.
      if (outcome === 'applied' && message.system && isSmall(store)) {
        this.own(this.syncChat(message.chatId));
      }
    });
  }

  /** A message that this user has deleted for themselves, on whatever device. */
  heardHidden(chatId: string, messageId: string): void {
    this.live(() => {
      const store = this.stores.get(chatId);
      if (!store) return;
      store.hide(messageId);
      this.parts.onChanged(chatId);
      this.own(this.syncChat(chatId));
    });
  }

  /** A member has read or received up to a message. */
  heardPosition(
    chatId: string,
    userId: string,
    field: 'lastReadSeq' | 'lastDeliveredSeq',
    seq: number,
  ): void {
    this.live(() => {
      const store = this.stores.get(chatId);
      if (!store?.applyPosition(userId, field, seq)) return;
      this.parts.onChanged(chatId);
      // What is read among older messages, the server alone can count.
      const isMine = userId === this.parts.userId() && field === 'lastReadSeq';
      if (isMine && store.hasUnreadBelow) this.own(this.syncChat(chatId));
    });
  }

  /** A chat's members, name, status or settings have changed; `userIds` are the members concerned. */
  heardState(chatId: string, userIds?: string[]): void {
    this.live(() => {
      const store = this.stores.get(chatId);
      const concernsMe = !userIds || userIds.includes(this.parts.userId());
      if (store && (concernsMe || isSmall(store))) this.own(this.syncChat(chatId));
      else if (!store && concernsMe) this.own(this.syncAll());
    });
  }

  /** How far chats are on the server; where this device is behind, an event was lost. */
  heardHeads(heads: Record<string, [seq: number, version: number]>): void {
    this.live(() => {
      for (const [chatId, [, version]] of Object.entries(heads)) {
        const store = this.stores.get(chatId);
        if (!store) this.own(this.syncAll());
        else if (store.version < version) this.gaps.watch(chatId, version);
      }
    });
  }

  /** The server asks for a sync after a while: of some chats, or of all. */
  heardHint(delayMs: number, chatIds?: string[]): void {
    const { connection } = this;
    this.parts.timers.after(delayMs, () => {
      if (connection !== this.connection) return;
      if (!chatIds || chatIds.some((chatId) => !this.stores.has(chatId))) this.own(this.syncAll());
      else for (const chatId of chatIds) this.own(this.syncChat(chatId));
    });
  }

  private live(event: LiveEvent): void {
    if (this.isLive) event();
    else if (this.held.length < MAX_HELD) this.held.push(event);
    else {
      this.held = [];
      this.hasMissed = true;
    }
  }

  private apply({ chats, removed }: SyncAnswer): void {
    for (const synced of chats) {
      const store = this.storeOf(synced.chatId);
      const { version } = store;
      store.applySync(synced);
      // Live changes that came after the newest page was read have gone with the rest.
      if (synced.isReset && version > synced.version) this.wishes.add(synced.chatId);
      this.parts.onChanged(synced.chatId);
      if (store.hasGap) this.gaps.watch(synced.chatId);
    }
    for (const chatId of removed) {
      this.stores.delete(chatId);
      this.parts.onRemoved(chatId);
    }
  }

  private storeOf(chatId: string): ChatStore {
    const known = this.stores.get(chatId);
    if (known) return known;
    const store = new ChatStore(chatId, this.parts.userId());
    this.stores.set(chatId, store);
    return store;
  }

  /** A sync that fails leaves its wish standing; the next connection or hint fulfils it. */
  private own(sync: Promise<void>): void {
    sync.catch(() => undefined);
  }
}

const isSmall = ({ info }: ChatStore): boolean => (info?.memberCount ?? 0) <= SMALL_CHAT_MEMBERS;
