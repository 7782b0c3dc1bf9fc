import { toChatError } from './chat-error.js';
import { ChatStore } from './chat-store.js';
import type { Timers } from './timers.js';
import { backoff } from './timers.js';
import type { ChatMessage, SyncAnswer, SyncRequest } from './wire.types.js';

/** What the synchronizer is built from. */
export interface SynchronizerParts {
  timers: Timers;
  /** The signed-in user; known before the first sync. */
  userId(): string;
  fetch(request: SyncRequest): Promise<SyncAnswer>;
  onChanged(chatId: string): void;
  onRemoved(chatId: string): void;
}

/** How long a missing change may still come by itself, in milliseconds. */
export const GAP_PATIENCE_MS = 500;
/** Events that are held during the first sync of a connection; more than this, and another sync brings them. */
export const MAX_HELD = 5000;

/**
 * Chats that one request names. The server allows more; the space is for chats that are told of while a
 * portion is asked for again and again until it has no more.
 */
export const MAX_NAMED = 2000;

/** In larger chats, who joins and leaves is not followed one by one. */
const SMALL_CHAT_MEMBERS = 100;

/** A wait for missing changes of one chat. */
interface Gap {
  /** The server is known to be this far; 0 when only a hole was seen. */
  version: number;
  cancel(): void;
}

/** The chats whose ids lie after one and up to another; without both, all chats. */
type Portion = Pick<SyncRequest, 'after' | 'until'>;

/** A live event that concerns a chat: taken in at once, or after the sync that is under way. */
type LiveEvent = () => void;

/**
 * Keeps all chats equal to the server's log. Live events are taken in while their numbers follow each
 * other; whatever is missing, whyever, is fetched by a sync.
 */
export class Synchronizer {
  readonly stores = new Map<string, ChatStore>();
  private isLive = false;
  private held: LiveEvent[] = [];
  /** More was heard than is held: another sync must bring it. */
  private hasMissed = false;
  /** What is still to be asked for of a sync of all chats. */
  private readonly portions: Portion[] = [];
  /** All chats are to be asked for once more, after the portions that are still to come. */
  private againAll = false;
  /** Chats that are to be asked for beside that. */
  private readonly wanted = new Set<string>();
  private running: Promise<void> | undefined;
  private cancelRetry: (() => void) | undefined;
  private connection = 0;
  private readonly gaps = new Map<string, Gap>();

  constructor(private readonly parts: SynchronizerParts) {}

  /** Begins anew after a connection was made: syncs first, then takes in what was heard meanwhile. */
  async connected(): Promise<void> {
    const connection = (this.connection += 1);
    // A sync of the connection before fails by itself; this one must not share its fate.
    await this.running?.catch(() => undefined);
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
    this.connection += 1;
    this.isLive = false;
    this.held = [];
    this.cancelRetry?.();
    for (const { cancel } of this.gaps.values()) cancel();
    this.gaps.clear();
  }

  /** Fetches what has changed anywhere. */
  syncAll(): Promise<void> {
    // Beginning anew at once, again and again, would never come to the last portion.
    this.againAll = true;
    return this.run();
  }

  /** Fetches what has changed in one chat. */
  syncChat(chatId: string): Promise<void> {
    this.wanted.add(chatId);
    return this.run();
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
      if (outcome === 'waiting') this.awaitGap(message.chatId);
      // Who is a member, and what the chat is called, has no number; the state's tag tells.
      if (outcome === 'applied' && message.system && isSmall(store)) {
        this.own(this.syncChat(message.chatId));
      }
    });
  }

  /** A message that this user has deleted for themselves, on whatever device. */
  heardHidden(chatId: string, messageId: string): void {
    this.live(() => {
      this.stores.get(chatId)?.hide(messageId);
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
      this.stores.get(chatId)?.applyPosition(userId, field, seq);
      this.parts.onChanged(chatId);
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
        else if (store.version < version) this.awaitGap(chatId, version);
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

  /** Gives missing changes, up to `version` if it is known, a moment to arrive by themselves, then fetches them. */
  private awaitGap(chatId: string, version = 0): void {
    const waiting = this.gaps.get(chatId);
    if (waiting) {
      waiting.version = Math.max(waiting.version, version);
      return;
    }
    const cancel = this.parts.timers.after(GAP_PATIENCE_MS, () => {
      const wanted = this.gaps.get(chatId)?.version ?? 0;
      this.gaps.delete(chatId);
      const store = this.stores.get(chatId);
      if (store && (store.hasGap || store.version < wanted)) this.own(this.syncChat(chatId));
    });
    this.gaps.set(chatId, { version, cancel });
  }

  /** One sync at a time; what is asked for while one runs is done by the next. */
  private run(): Promise<void> {
    this.running ??= this.rounds(this.connection);
    return this.running;
  }

  private async rounds(connection: number): Promise<void> {
    // Not to be marked as running before the caller has kept the promise.
    await Promise.resolve();
    try {
      for (let attempt = 0; this.hasWishes();) {
        attempt = (await this.round(connection, attempt)) ? 0 : attempt + 1;
      }
    } finally {
      this.running = undefined;
    }
  }

  private hasWishes(): boolean {
    return this.portions.length > 0 || this.againAll || this.wanted.size > 0;
  }

  /** Asks once; answers whether there was an answer, after a pause when there was none. */
  private async round(connection: number, attempt: number): Promise<boolean> {
    const request = this.takeRequest();
    try {
      const answer = await this.parts.fetch(request);
      this.apply(answer);
      if (answer.hasMore) this.want(request);
      return true;
    } catch (thrown) {
      this.want(request);
      const error = toChatError(thrown);
      // Without a connection there is nothing to retry: connecting syncs.
      if (!error.isRetryable || connection !== this.connection) throw error;
      await this.pause((error.retryAfter ?? 0) * 1000 + this.delay(attempt));
      if (connection !== this.connection) throw error;
      return false;
    }
  }

  private takeRequest(): SyncRequest {
    const portion = this.takePortion();
    const ids = portion ? this.idsIn(portion) : [...this.wanted].slice(0, MAX_NAMED);
    for (const chatId of ids) this.wanted.delete(chatId);
    const chats: Record<string, number> = {};
    const tags: Record<string, string> = {};
    for (const chatId of ids) {
      const store = this.stores.get(chatId);
      if (!store) continue;
      chats[chatId] = store.version;
      if (store.tag !== undefined) tags[chatId] = store.tag;
    }
    return { chats, tags, scope: portion ? 'all' : 'listed', ...portion };
  }

  /** The next portion of a sync of all chats, small enough that its chats can be named. */
  private takePortion(): Portion | undefined {
    const portion = this.portions.shift() ?? (this.againAll ? {} : undefined);
    if (!portion) return undefined;
    if (isWhole(portion)) this.againAll = false;
    const ids = this.idsIn(portion);
    if (ids.length <= MAX_NAMED) return portion;
    const size = Math.ceil(ids.length / Math.ceil(ids.length / MAX_NAMED));
    const last = ids[size - 1]!;
    this.portions.unshift({ ...portion, after: last });
    return { ...portion, until: last };
  }

  private idsIn({ after, until }: Portion): string[] {
    return [...this.stores.keys()]
      .filter((id) => (after === undefined || id > after) && (until === undefined || id <= until))
      .sort();
  }

  private want({ scope, chats, after, until }: SyncRequest): void {
    if (scope === 'listed') for (const chatId of Object.keys(chats)) this.wanted.add(chatId);
    else this.portions.unshift({ ...(after && { after }), ...(until && { until }) });
  }

  private apply({ chats, removed }: SyncAnswer): void {
    for (const synced of chats) {
      const store = this.storeOf(synced.chatId);
      const { version } = store;
      store.applySync(synced);
      // Live changes that came after the newest page was read have gone with the rest.
      if (synced.isReset && version > synced.version) this.wanted.add(synced.chatId);
      this.parts.onChanged(synced.chatId);
      if (store.hasGap) this.awaitGap(synced.chatId);
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

  private delay(attempt: number): number {
    return backoff(attempt, this.parts.timers.random());
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.parts.timers.after(ms, resolve);
      this.cancelRetry = () => {
        cancel();
        resolve();
      };
    });
  }

  /** A sync that fails leaves its wish standing; the next connection or hint fulfils it. */
  private own(sync: Promise<void>): void {
    sync.catch(() => undefined);
  }
}

const isWhole = ({ after, until }: Portion): boolean => after === undefined && until === undefined;

const isSmall = ({ info }: ChatStore): boolean => (info?.memberCount ?? 0) <= SMALL_CHAT_MEMBERS;
