import type { ChatError } from './chat-error.js';
import type { ChatStore } from './chat-store.js';
import type { QueuedMessage } from './outbox.js';
import { PresenceBook, TypingUsers, UNKNOWN_PRESENCE } from './signals.js';
import { RoomMessages } from './room-messages.js';
import type {
  ChatSummary,
  ChatsState,
  ClientState,
  ConnectionState,
  RoomState,
  SessionState,
  UnreadState,
} from './state.types.js';
import type { Store } from './store.js';
import { DerivedStore, StoreQueue } from './store.js';
import type { Timers } from './timers.js';
import type { OwnUser, Presence, SyncAnswer, SyncRequest } from './wire.types.js';

/** What the state is worked out from. */
export interface StateSources {
  timers: Timers;
  /** The chats that the device has, by id. */
  stores: ReadonlyMap<string, ChatStore>;
  outbox: { readonly count: number; queued(chatId: string): QueuedMessage[] };
}

const SIGNED_OUT: SessionState = { status: 'signed-out', userId: null, user: null, error: null };
const OFFLINE: ConnectionState = { status: 'offline', since: 0, queued: 0 };
const NO_CHATS: ChatsState = { isLoaded: false, active: [], archived: [], requests: [] };
const NOTHING_UNREAD: UnreadState = {
  messages: 0,
  unmuted: 0,
  chats: 0,
  mentions: 0,
  requests: 0,
  broadcasts: 0,
};

/** Longest wait of a timer in milliseconds; browsers and Node take longer ones for none. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** The stores of a client; who changes a source says so here. */
export class StateStores implements ClientState {
  readonly session: DerivedStore<SessionState>;
  readonly connection: DerivedStore<ConnectionState>;
  readonly chats: DerivedStore<ChatsState>;
  readonly unread: DerivedStore<UnreadState>;
  /** All chats of the user, newest activity first: what `ChatClient.chats()` answers. */
  readonly all: DerivedStore<ChatSummary[]>;
  readonly typing: TypingUsers;
  readonly people = new PresenceBook();
  /** What rooms show beside what their stores hold. */
  readonly messages: RoomMessages;
  private readonly queue = new StoreQueue();
  private readonly rooms = new Map<string, DerivedStore<RoomState>>();
  private readonly presences = new Map<string, DerivedStore<Presence>>();
  private readonly summaries = new Map<string, ChatSummary>();
  private readonly loading = new Map<string, number>();
  private sessionNow = SIGNED_OUT;
  private status: ConnectionState['status'] = 'offline';
  private since = 0;
  private isLoaded = false;
  private broadcasts = 0;
  private cancelMuteEnd: (() => void) | undefined;

  constructor(private readonly sources: StateSources) {
    const { queue } = this;
    this.typing = new TypingUsers(sources.timers, (chatId) => {
      this.chatChanged(chatId);
    });
    this.messages = new RoomMessages(sources.outbox, () => this.sessionNow);
    this.session = new DerivedStore(queue, () => this.sessionNow, SIGNED_OUT);
    this.connection = new DerivedStore<ConnectionState>(
      queue,
      () => ({ status: this.status, since: this.since, queued: sources.outbox.count }),
      OFFLINE,
    );
    this.all = new DerivedStore<ChatSummary[]>(queue, () => this.allChats(), []);
    this.chats = new DerivedStore(queue, () => this.sortedChats(), NO_CHATS);
    this.unread = new DerivedStore(queue, () => this.unreadTotals(), NOTHING_UNREAD);
  }

  presence(userId: string): Store<Presence> {
    const known = this.presences.get(userId);
    if (known) return known;
    const store = new DerivedStore(this.queue, () => this.people.of(userId), UNKNOWN_PRESENCE);
    this.presences.set(userId, store);
    return store;
  }

  room(chatId: string): Store<RoomState> {
    const known = this.rooms.get(chatId);
    if (known) return known;
    const store = new DerivedStore(this.queue, () => this.roomState(chatId), emptyRoom(chatId));
    this.rooms.set(chatId, store);
    return store;
  }

  /** Something about a chat is other than before. */
  chatChanged(chatId: string): void {
    this.summaries.delete(chatId);
    this.rooms.get(chatId)?.invalidate();
    for (const store of [this.chats, this.all, this.unread, this.connection]) store.invalidate();
  }

  /** The presence of some people is other than before. */
  presenceChanged(userIds: ReadonlySet<string>): void {
    if (userIds.size === 0) return;
    for (const userId of userIds) this.presences.get(userId)?.invalidate();
    for (const [chatId, { info }] of this.sources.stores) {
      if (info?.participants.some(({ id }) => userIds.has(id))) this.chatChanged(chatId);
    }
  }

  /** A sync has been answered. */
  synced(answer: SyncAnswer, request: SyncRequest): void {
    const news = answer.chats.flatMap(({ chat }) =>
      chat.participants.filter(({ id, status, lastSeen }) =>
        this.people.set(id, { status, lastSeen }),
      ),
    );
    this.presenceChanged(new Set(news.map(({ id }) => id)));
    if (answer.blocked) this.blockedChanged(this.messages.setBlocked(answer.blocked));
    const isWhole = request.scope === 'all' && request.until === undefined;
    for (const chatId of this.messages.setHeld(answer.held ?? [], request))
      this.chatChanged(chatId);
    if (isWhole && !answer.hasMore && !this.isLoaded) {
      this.isLoaded = true;
      this.chats.invalidate();
    }
  }

  /** Whom the user has blocked is other than before, or is not. */
  blockedChanged(isNews: boolean): void {
    if (!isNews) return;
    for (const chatId of this.rooms.keys()) this.chatChanged(chatId);
  }

  /** The login is under way, known, or over. */
  setSession(status: SessionState['status'], user?: OwnUser | null, error?: ChatError): void {
    const known = user === undefined ? this.sessionNow.user : user;
    this.sessionNow = { status, userId: known?.id ?? null, user: known, error: error ?? null };
    this.session.invalidate();
    for (const chatId of this.rooms.keys()) this.chatChanged(chatId);
  }

  setConnection(status: ConnectionState['status']): void {
    if (status === this.status) return;
    this.status = status;
    this.since = this.sources.timers.now();
    this.connection.invalidate();
  }

  /** @param count a function of how many are known to be unread. */
  setUnreadBroadcasts(count: (known: number) => number): void {
    this.broadcasts = count(this.broadcasts);
    this.unread.invalidate();
  }

  /** Counts what is being fetched for a room; the answer says that it has ended. */
  loadingIn(chatId: string): () => void {
    const add = (change: number) => {
      this.loading.set(chatId, (this.loading.get(chatId) ?? 0) + change);
      this.chatChanged(chatId);
    };
    add(1);
    return () => {
      add(-1);
    };
  }

  /** Nobody is heard any more; nothing is left that would keep a process running. */
  disconnected(): void {
    this.typing.clear();
    this.cancelMuteEnd?.();
    this.cancelMuteEnd = undefined;
  }

  private summaryOf(chatId: string): ChatSummary | undefined {
    const known = this.summaries.get(chatId);
    if (known) return known;
    const store = this.sources.stores.get(chatId);
    const chat = store?.summary();
    if (!store || !chat) return undefined;
    const me = this.sessionNow.userId;
    const { archivedSeq } = store.settings;
    const otherUser = chat.otherUser && this.people.present(chat.otherUser);
    const isMuted = this.isMuted(chat.mutedUntil);
    const summary = {
      ...chat,
      participants: chat.participants.map((each) => this.people.present(each)),
      otherUser,
      title: chat.name ?? otherUser?.name ?? '',
      isMuted,
      isArchived: archivedSeq !== null && (isMuted || chat.lastSeq <= archivedSeq),
      typing: this.typing.in(chatId).filter(({ id }) => id !== me),
      isIncomingRequest: chat.status === 'pending' && chat.initiator !== me,
    };
    this.summaries.set(chatId, summary);
    return summary;
  }

  private isMuted(until: string | null): boolean {
    return until !== null && Date.parse(until) > this.sources.timers.now();
  }

  private allChats(): ChatSummary[] {
    return [...this.sources.stores.keys()]
      .flatMap((chatId) => this.summaryOf(chatId) ?? [])
      .sort(byActivity);
  }

  private sortedChats(): ChatsState {
    const all = this.all.getSnapshot().filter((chat) => !this.isDeleted(chat));
    this.watchMutes(all);
    const open = all.filter(
      ({ isIncomingRequest, status }) => !isIncomingRequest && status !== 'rejected',
    );
    const byPin = (a: ChatSummary, b: ChatSummary) => Number(b.isPinned) - Number(a.isPinned);
    return {
      isLoaded: this.isLoaded,
      active: open.filter(({ isArchived }) => !isArchived).sort(byPin),
      archived: open.filter(({ isArchived }) => isArchived).sort(byPin),
      requests: all.filter(({ isIncomingRequest }) => isIncomingRequest),
    };
  }

  /** Whether the user has deleted the chat for themselves and nothing has come since. */
  private isDeleted({ id, lastSeq }: ChatSummary): boolean {
    const hiddenSeq = this.sources.stores.get(id)?.settings.hiddenSeq ?? null;
    return hiddenSeq !== null && lastSeq <= hiddenSeq;
  }

  /** When the first mute ends, lists are other than before. */
  private watchMutes(chats: ChatSummary[]): void {
    this.cancelMuteEnd?.();
    this.cancelMuteEnd = undefined;
    const ends = chats.flatMap(({ isMuted, mutedUntil }) =>
      isMuted ? Date.parse(mutedUntil!) : [],
    );
    if (ends.length === 0 || this.status === 'offline') return;
    const wait = Math.min(Math.min(...ends) - this.sources.timers.now(), LONGEST_WAIT_MS);
    this.cancelMuteEnd = this.sources.timers.after(wait, () => {
      for (const { id } of chats) this.chatChanged(id);
    });
  }

  private unreadTotals(): UnreadState {
    const { active, archived, requests } = this.chats.getSnapshot();
    const all = [...active, ...archived];
    const sum = (chats: ChatSummary[], count: (chat: ChatSummary) => number) =>
      chats.reduce((total, chat) => total + count(chat), 0);
    return {
      messages: sum(all, ({ unreadCount }) => unreadCount),
      unmuted: sum(
        all.filter(({ isMuted }) => !isMuted),
        ({ unreadCount }) => unreadCount,
      ),
      chats: all.filter(({ unreadCount, isMarkedUnread }) => unreadCount > 0 || isMarkedUnread)
        .length,
      mentions: sum(all, ({ mentionCount }) => mentionCount),
      requests: requests.length,
      broadcasts: this.broadcasts,
    };
  }

  private roomState(chatId: string): RoomState {
    const store = this.sources.stores.get(chatId);
    const chat = this.summaryOf(chatId) ?? null;
    const isLoading = (this.loading.get(chatId) ?? 0) > 0;
    return {
      chatId,
      chat,
      messages: this.messages.list(chatId, store),
      hasOlder: store?.hasOlder ?? false,
      hasNewer: store?.isDetached ?? false,
      isLoading,
      members: chat?.participants ?? [],
      positions: store?.members() ?? [],
      typing: chat?.typing ?? [],
      pinned: store?.pinned() ?? [],
    };
  }
}

const byActivity = (a: ChatSummary, b: ChatSummary): number =>
  Date.parse(b.lastMessageAt) - Date.parse(a.lastMessageAt);

const emptyRoom = (chatId: string): RoomState => ({
  chatId,
  chat: null,
  messages: [],
  hasOlder: false,
  hasNewer: false,
  isLoading: false,
  members: [],
  positions: [],
  typing: [],
  pinned: [],
});
