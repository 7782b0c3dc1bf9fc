import type { ChatStore } from './chat-store.js';
import type { QueuedMessage } from './outbox.js';
import type { RoomMessage, SessionState } from './state.types.js';
import type { ChatMessage, SyncRequest } from './wire.types.js';

/**
 * The messages of rooms as they are shown: those of the log, those that wait for a moderator, and those that are on
 * their way or have failed. The same object for each as long as nothing about it changes.
 */
export class RoomMessages {
  /** By chat: messages of this user that wait for a moderator, by id. */
  private readonly held = new Map<string, Map<string, ChatMessage>>();
  /** What has become of messages outside the log since the sync under way was asked for, by id; null: they have ended. */
  private readonly heldSince = new Map<string, ChatMessage | null>();
  /** By chat: messages that the server has taken and that the log on this device does not have yet. */
  private readonly taken = new Map<string, ChatMessage[]>();
  private shown = new WeakMap<object, RoomMessage>();
  private blocked: ReadonlySet<string> = new Set();

  constructor(
    private readonly outbox: { queued(chatId: string): QueuedMessage[] },
    private readonly session: () => SessionState,
  ) {}

  /** What a room shows. */
  list(chatId: string, store: ChatStore | undefined): RoomMessage[] {
    const log = (store?.view() ?? []).map((message) => this.ofServer(message));
    if (store?.isDetached) return log;
    const ids = new Set(log.map(({ id }) => id));
    const taken = (this.taken.get(chatId) ?? [])
      .filter(({ id, version }) => !ids.has(id) && version > (store?.version ?? 0))
      .map((message) => this.ofServer(message));
    const list = this.withHeld(chatId, [...log, ...taken]);
    const mine = new Set(
      list.flatMap(({ isMine, clientMessageId }) => (isMine ? clientMessageId : [])),
    );
    const queued = this.outbox
      .queued(chatId)
      .filter(({ message }) => !mine.has(message.clientMessageId))
      .map((entry) => this.onItsWay(entry));
    return [...list, ...queued];
  }

  /** The server has taken a message of this user; it is shown until the log on this device has it. */
  sent(message: ChatMessage, version: number): void {
    if (isOutsideLog(message)) {
      this.hold(message);
      return;
    }
    const before = (this.taken.get(message.chatId) ?? []).filter((each) => each.version > version);
    this.taken.set(message.chatId, [...before, message]);
  }

  /** A message of this user is outside the log, or has changed there. */
  hold(message: ChatMessage): void {
    if (message.isDeleted) {
      this.unhold(message.chatId, message.id);
      return;
    }
    this.heldSince.set(message.id, message);
    this.keep(message);
  }

  /** It does so no longer. */
  unhold(chatId: string, messageId: string): void {
    this.heldSince.set(messageId, null);
    this.held.get(chatId)?.delete(messageId);
  }

  /** A sync is asked for: what is heard from now on may be newer than its answer. */
  syncing(): void {
    this.heldSince.clear();
  }

  /** A sync has told of all held messages of the chats asked for; answers in which chats there are others than before. */
  setHeld(held: ChatMessage[], { scope, chats, after }: SyncRequest): string[] {
    if (after !== undefined) return [];
    const asked = scope === 'listed' ? Object.keys(chats) : [...this.held.keys()];
    const before = asked.filter((chatId) => this.held.delete(chatId));
    const newer = [...this.heldSince.values()].filter((message) => message !== null);
    for (const message of [...held, ...newer]) {
      if (this.heldSince.get(message.id) !== null) this.keep(message);
    }
    return [...new Set([...before, ...held.map(({ chatId }) => chatId)])];
  }

  /** Whom this user has blocked; answers whether these are others than before. */
  setBlocked(userIds: Iterable<string>): boolean {
    const blocked = new Set(userIds);
    if (blocked.size === this.blocked.size && [...blocked].every((id) => this.blocked.has(id)))
      return false;
    this.blocked = blocked;
    this.shown = new WeakMap();
    return true;
  }

  /** This user has blocked somebody, or unblocked them; answers whether that is news. */
  setBlock(userId: string, isBlocked: boolean): boolean {
    const others = [...this.blocked].filter((id) => id !== userId);
    return this.setBlocked(isBlocked ? [...others, userId] : others);
  }

  private keep(message: ChatMessage): void {
    const held = this.held.get(message.chatId) ?? new Map<string, ChatMessage>();
    this.held.set(message.chatId, held.set(message.id, message));
  }

  /** Each held message stands behind the one that was the newest when it was written. */
  private withHeld(chatId: string, log: RoomMessage[]): RoomMessage[] {
    const list = [...log];
    for (const message of this.held.get(chatId)?.values() ?? []) {
      let place = list.length;
      while (place > 0 && placeOf(list[place - 1]!) > placeOf(message)) place -= 1;
      list.splice(place, 0, this.ofServer(message));
    }
    return list;
  }

  private ofServer(message: ChatMessage): RoomMessage {
    const isMine = message.senderId === this.session().userId;
    const known = this.shown.get(message);
    if (known?.isMine === isMine) return known;
    const key = isMine ? (message.clientMessageId ?? message.id) : message.id;
    const shown: RoomMessage = {
      ...message,
      ...(this.blocked.has(message.senderId) && { isFromBlocked: true }),
      key,
      state: 'sent',
      error: null,
      isMine,
    };
    this.shown.set(message, shown);
    return shown;
  }

  private onItsWay({ message, at, error }: QueuedMessage): RoomMessage {
    const known = this.shown.get(message);
    const { user } = this.session();
    const isSame = known?.error === (error ?? null) && known.senderId === (user?.id ?? '');
    if (known && isSame) return known;
    const { chatId, clientMessageId, media = [] } = message;
    const time = new Date(at).toISOString();
    const shown: RoomMessage = {
      id: clientMessageId,
      key: clientMessageId,
      chatId,
      clientMessageId,
      seq: 0,
      version: 0,
      senderId: user?.id ?? '',
      sender: user,
      messageType: message.messageType ?? media[0]?.type ?? 'text',
      content: message.content ?? '',
      ...(message.customType !== undefined && { customType: message.customType }),
      ...(message.metadata && { metadata: message.metadata }),
      media,
      replyTo: message.replyTo ?? null,
      replyToSeq: null,
      mentions: [],
      reactions: [],
      status: 'sent',
      isEdited: false,
      editedAt: null,
      isDeleted: false,
      deletedAt: null,
      deletedBy: null,
      isPinned: false,
      pinnedAt: null,
      forwardedFrom: null,
      system: null,
      createdAt: time,
      updatedAt: time,
      state: error ? 'failed' : 'sending',
      error: error ?? null,
      isMine: true,
    };
    this.shown.set(message, shown);
    return shown;
  }
}

const placeOf = ({ seq, heldAfterSeq }: ChatMessage): number => heldAfterSeq ?? seq;

/** Whom a user has blocked may change at any time: the mark is kept beside messages, and not in them. */
export const withoutMark = (message: ChatMessage): ChatMessage => {
  const { isFromBlocked, ...rest } = message;
  return isFromBlocked ? rest : message;
};

/**
 * Whether a message has no number of its own: it waits for a moderator, or is seen by its sender alone, who is not
 * told. It shows the number of the message that it stands behind, which is another one in the log.
 */
export const isOutsideLog = ({ heldAfterSeq }: ChatMessage): boolean => heldAfterSeq !== undefined;
