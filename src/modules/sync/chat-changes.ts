import type { Actor } from '../../shared/actor.js';
import type { ChatState } from '../chats/index.js';
import type {
  AttachmentClaims,
  StoredMessage,
  MessagesRepository,
  MessageView,
  NewestNumbers,
} from '../messages/index.js';
import { positionsShown, statusOf, toRecord } from '../messages/index.js';
import type { UserDirectory } from '../users/index.js';
import type { Plan } from './sync-plan.js';

/** The changes of a chat that a client lacks. */
export interface SyncedChat {
  state: ChatState;
  tag: string;
  isNew: boolean;
  /** The client must start again: the chat is new to it, or its version cannot be used. */
  isReset: boolean;
  /** Its version is ahead of the log, or too far behind. */
  isTooOld: boolean;
  messages: MessageView[];
  /** Ids of messages that the user has deleted for themselves. */
  hidden: string[];
  /** The version up to which the client is then up to date. */
  version: number;
  hasMore: boolean;
  /** The chat's newest numbers. */
  newest: NewestNumbers;
}

/** Some messages as they are now, and the client's version after them. */
interface Page {
  docs: StoredMessage[];
  version: number;
  hasMore: boolean;
}

/** Changes of one chat in one answer, and messages of a chat that starts again. */
const CHANGES_PER_CHAT = 100;
const NEWEST_PAGE = 30;

/** Reads of the chats' logs: only what no failover can take back. */
export interface SyncedLog {
  readNewest(chatId: string): Promise<NewestNumbers>;
  /** Messages that changed after a version, oldest change first. */
  changedSince(chatId: string, version: number, limit: number): Promise<StoredMessage[]>;
}

/** Reads the changes of one chat that a client lacks. */
export class ChatChanges {
  constructor(
    private readonly deps: {
      messages: Pick<MessagesRepository, 'newestUpTo'>;
      log: SyncedLog;
      directory: Pick<UserDirectory, 'cards'>;
      attachments: Pick<AttachmentClaims, 'addressed'>;
      /** How many changes a client may be behind in a chat before it must start again. */
      maxChanges: number;
    },
  ) {}

  /**
   * At most `limit` changed messages that the actor may see, or the newest ones for a client that starts
   * again.
   */
  async read(actor: Actor, plan: Plan, limit: number): Promise<SyncedChat> {
    const chatId = plan.state.chat._id.toHexString();
    // Before the messages: the next sync then finds messages written while these are read.
    const newest = await this.deps.log.readNewest(chatId);
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
    const positions = positionsShown(positionsOf(state), state.blocks);
    return records.map((message) => ({
      message: {
        ...message,
        media: attachments.addressed(message.media),
        ...(state.blocks.byUser.has(message.senderId) && { isFromBlocked: true }),
      },
      sender: cards.get(message.senderId),
      status: statusOf(message, positions),
    }));
  }
}

/** The read and delivered positions of the shown members. */
export const positionsOf = ({ members }: ChatState) =>
  members.map(({ card, lastReadSeq, lastDeliveredSeq }) => ({
    userId: card.id,
    lastReadSeq,
    lastDeliveredSeq,
    ...(card.isDeactivated && { isDeactivated: card.isDeactivated }),
  }));
