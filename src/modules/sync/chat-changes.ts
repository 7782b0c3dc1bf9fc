import type { Actor } from '../../shared/actor.js';
import type { ChatState } from '../chats/index.js';
import type {
  AttachmentClaims,
  StoredMessage,
  MessagesRepository,
  MessageView,
  NewestNumbers,
} from '../messages/index.js';
import { statusOf, toRecord } from '../messages/index.js';
import type { UserDirectory } from '../users/index.js';
import type { Plan } from './sync-plan.js';

/** What of a chat a client lacks. */
export interface SyncedChat {
  state: ChatState;
  tag: string;
  isNew: boolean;
  /** The client must begin anew: the chat is new to it, or its version is of no use. */
  isReset: boolean;
  /** Its version is ahead of the log, or too far behind. */
  isTooOld: boolean;
  messages: MessageView[];
  /** Ids of messages that the user has deleted for themselves. */
  hidden: string[];
  /** The version up to which the client then has everything. */
  version: number;
  hasMore: boolean;
  /** The chat's newest numbers. */
  newest: NewestNumbers;
}

/** Some messages as they are now, and how far a client has come with them. */
interface Page {
  docs: StoredMessage[];
  version: number;
  hasMore: boolean;
}

/** Changes of one chat in one answer, and messages of a chat that begins anew. */
const CHANGES_PER_CHAT = 100;
const NEWEST_PAGE = 30;

/** What is read of the chats' logs: only what no failover can take back. */
export interface SyncedLog {
  readNewest(chatId: string, concern: 'majority'): Promise<NewestNumbers>;
  /** Messages that changed after a version, oldest change first. */
  changedSince(chatId: string, version: number, limit: number): Promise<StoredMessage[]>;
}

/** Reads what a client lacks of one chat. */
export class ChatChanges {
  constructor(
    private readonly deps: {
      messages: Pick<MessagesRepository, 'newestUpTo'>;
      log: SyncedLog;
      directory: Pick<UserDirectory, 'cards'>;
      attachments: Pick<AttachmentClaims, 'addressed'>;
      /** Changes that a client may be behind in a chat before it is told to begin anew. */
      maxChanges: number;
    },
  ) {}

  /** At most `limit` changed messages that the actor may see, or the newest ones for a new beginning. */
  async read(actor: Actor, plan: Plan, limit: number): Promise<SyncedChat> {
    const chatId = plan.state.chat._id.toHexString();
    // Before the messages: what is written while they are read is then found by the next sync.
    const newest = await this.deps.log.readNewest(chatId, 'majority');
    const { cursor } = plan;
    const isTooOld =
      cursor !== undefined &&
      (plan.cursorState === 'ahead' || newest.version - cursor > this.deps.maxChanges);
    const isReset = cursor === undefined || isTooOld;
    const page = isReset
      ? await this.newestPage(actor, plan.state, newest, limit)
      : await this.changes(chatId, cursor, limit);
    const isHidden = (doc: StoredMessage) => doc.deletedFor?.some((id) => id.equals(actor.userId));
    const { clearedSeq } = plan.state.membership;
    const uncleared = page.docs.filter((doc) => doc.seq > clearedSeq);
    return {
      state: plan.state,
      tag: plan.tag,
      isNew: cursor === undefined,
      isReset,
      isTooOld,
      messages: await this.views(
        plan.state,
        uncleared.filter((doc) => !isHidden(doc)),
      ),
      hidden: uncleared.filter(isHidden).map(({ _id }) => _id.toHexString()),
      version: page.version,
      hasMore: page.hasMore,
      newest,
    };
  }

  private async changes(chatId: string, cursor: number, limit: number): Promise<Page> {
    const size = Math.min(limit, CHANGES_PER_CHAT);
    const docs = await this.deps.log.changedSince(chatId, cursor, size + 1);
    const page = docs.slice(0, size);
    return {
      docs: page,
      version: page.at(-1)?.version ?? cursor,
      hasMore: docs.length > size,
    };
  }

  private async newestPage(
    actor: Actor,
    { chat, membership }: ChatState,
    newest: NewestNumbers,
    limit: number,
  ): Promise<Page> {
    const docs = await this.deps.messages.newestUpTo(chat._id.toHexString(), actor.userId, {
      above: membership.clearedSeq,
      upTo: newest.seq,
      limit: Math.min(limit, NEWEST_PAGE),
    });
    return { docs, version: newest.version, hasMore: false };
  }

  private async views(state: ChatState, docs: StoredMessage[]): Promise<MessageView[]> {
    if (docs.length === 0) return [];
    const { directory, attachments } = this.deps;
    const records = docs.map(toRecord);
    const cards = await directory.cards([...new Set(records.map(({ senderId }) => senderId))]);
    const positions = positionsOf(state);
    return records.map((message) => ({
      message: { ...message, media: attachments.addressed(message.media) },
      sender: cards.get(message.senderId),
      status: statusOf(message, positions),
    }));
  }
}

/** How far the members shown have read and received. */
export const positionsOf = ({ members }: ChatState) =>
  members.map(({ card, lastReadSeq, lastDeliveredSeq }) => ({
    userId: card.id,
    lastReadSeq,
    lastDeliveredSeq,
    ...(card.isDeactivated && { isDeactivated: card.isDeactivated }),
  }));
