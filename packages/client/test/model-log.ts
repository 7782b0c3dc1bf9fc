/** A server's chats as one user sees them: a model for tests of the client, with pages of a few changes. */
import type { ChatMessage, SyncAnswer, SyncRequest, SyncedChat } from '../src/index.js';
import { ME, THEM, message, synced } from './client-fixtures.js';

/** Changes in one answer of a chat, messages of a new beginning, and changes that a client may be behind. */
const PAGE = 4;
const NEWEST = 5;
const MAX_BEHIND = 15;

/** One chat of the model. */
export class ModelChat {
  readonly messages: ChatMessage[] = [];
  readonly hidden = new Set<string>();
  version = 0;
  isMember = true;
  name = 0;
  readSeq = 0;
  clearedSeq = 0;

  constructor(readonly id: string) {}

  /** Writes a message, or a change to one. */
  write(seq: number, changes: Partial<ChatMessage> = {}): ChatMessage {
    this.version += 1;
    const before = this.messages[seq - 1];
    const fresh = { id: `${this.id}-${seq}`, chatId: this.id, content: `v${this.version}` };
    const written = { ...message(seq), ...before, ...fresh, ...changes, version: this.version };
    this.messages[seq - 1] = written;
    return written;
  }

  /** What the user may see. */
  visible(): ChatMessage[] {
    return this.messages.filter(({ id, seq }) => seq > this.clearedSeq && !this.hidden.has(id));
  }

  /** How many of it are unread. */
  unread(): number {
    return this.visible().filter(
      ({ seq, senderId, isDeleted }) => seq > this.readSeq && senderId !== ME && !isDeleted,
    ).length;
  }

  /** What a client lacks that has come to a version. */
  changesSince(cursor: number | undefined, tag: string | undefined): SyncedChat | undefined {
    const current = JSON.stringify([this.name, this.readSeq, this.clearedSeq]);
    if (cursor === this.version && tag === current) return undefined;
    const isReset =
      cursor === undefined || cursor > this.version || this.version - cursor > MAX_BEHIND;
    const changed = this.messages
      .filter(({ version, seq }) => isReset || (version > cursor && seq > 0))
      .sort((a, b) => a.version - b.version);
    const page = isReset ? this.visible().slice(-NEWEST) : changed.slice(0, PAGE);
    const hasMore = !isReset && changed.length > page.length;
    const shown = page.filter(({ seq }) => seq > this.clearedSeq);
    const head = { seq: this.messages.length, version: this.version };
    const end = hasMore ? page.at(-1)!.version : this.version;
    return synced(
      shown.filter(({ id }) => !this.hidden.has(id)),
      {
        chatId: this.id,
        isNew: cursor === undefined,
        isReset,
        chat: {
          ...synced([]).chat,
          id: this.id,
          name: String(this.name),
          unreadCount: this.unread(),
          lastSeq: head.seq,
          lastReadSeq: this.readSeq,
        },
        settings: { clearedSeq: this.clearedSeq, hiddenSeq: null, archivedSeq: null },
        positions: [ME, THEM].map((userId) => ({
          userId,
          lastReadSeq: userId === ME ? this.readSeq : 0,
          lastDeliveredSeq: 0,
        })),
        hidden: shown.filter(({ id }) => this.hidden.has(id)).map(({ id }) => id),
        version: end,
        hasMore,
        head,
        tag: current,
      },
    );
  }
}

/** Answers a sync over all chats of the model. */
export const answerOf = (chats: ModelChat[], request: SyncRequest): SyncAnswer => {
  const named = Object.keys(request.chats);
  const mine = chats.filter(({ isMember }) => isMember);
  const told = mine
    .filter(({ id }) => request.scope === 'all' || id in request.chats)
    .flatMap((chat) => chat.changesSince(request.chats[chat.id], request.tags[chat.id]) ?? []);
  return {
    chats: told.slice(0, 2),
    removed: named.filter((id) => !mine.some((chat) => chat.id === id)),
    held: [],
    hasMore: told.length > 2 || told.some(({ hasMore }) => hasMore),
  };
};
