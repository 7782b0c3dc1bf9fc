import { trusted } from 'mongoose';
import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { ChatState } from '../chats/index.js';
import type {
  AttachmentClaims,
  Head,
  MessageDoc,
  MessageLog,
  MessageView,
} from '../messages/index.js';
import { statusOf, toRecord } from '../messages/index.js';
import type { UserCard } from '../users/index.js';
import { positionsOf } from './positions.js';
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
  head: Head;
}

/** What reading a chat's changes is built from. */
export interface ChatChangesParts {
  messages: Model<MessageDoc>;
  log: MessageLog;
  directory: { cards(userIds: string[]): Promise<Map<string, UserCard>> };
  attachments: Pick<AttachmentClaims, 'addressed'>;
  /** Changes that a client may be behind in a chat before it is told to begin anew. */
  maxChanges: number;
}

/** Some messages as they are now, and how far a client has come with them. */
interface Page {
  docs: MessageDoc[];
  version: number;
  hasMore: boolean;
}

/** Changes of one chat in one answer, and messages of a chat that begins anew. */
const CHANGES_PER_CHAT = 100;
const NEWEST_PAGE = 30;

/** Reads what a client lacks of one chat. */
export class ChatChanges {
  constructor(private readonly parts: ChatChangesParts) {}

  /** At most `limit` changed messages that the actor may see, or the newest ones for a new beginning. */
  async read(actor: Actor, plan: Plan, limit: number): Promise<SyncedChat> {
    const chatId = plan.state.chat._id.toHexString();
    // The head comes first: what is written while the messages are read is then found by the next sync.
    const head = await this.parts.log.readHead(chatId, 'majority');
    const { cursor } = plan;
    const isTooOld =
      cursor !== undefined &&
      (plan.cursorState === 'ahead' || head.version - cursor > this.parts.maxChanges);
    const isReset = cursor === undefined || isTooOld;
    const page = isReset
      ? await this.newest(actor, plan.state, head, limit)
      : await this.changes(chatId, cursor, limit);
    const isHidden = (doc: MessageDoc) => doc.deletedFor?.some((id) => id.equals(actor.userId));
    const { clearedSeq } = plan.state.membership;
    const seen = page.docs.filter((doc) => doc.seq > clearedSeq);
    return {
      state: plan.state,
      tag: plan.tag,
      isNew: cursor === undefined,
      isReset,
      isTooOld,
      messages: await this.views(
        plan.state,
        seen.filter((doc) => !isHidden(doc)),
      ),
      hidden: seen.filter(isHidden).map(({ _id }) => _id.toHexString()),
      version: page.version,
      hasMore: page.hasMore,
      head,
    };
  }

  private async changes(chatId: string, cursor: number, limit: number): Promise<Page> {
    const size = Math.min(limit, CHANGES_PER_CHAT);
    const docs = await this.parts.log.changedSince(chatId, cursor, size + 1);
    const page = docs.slice(0, size);
    return {
      docs: page,
      version: page.at(-1)?.version ?? cursor,
      hasMore: docs.length > size,
    };
  }

  private async newest(
    actor: Actor,
    { chat, membership }: ChatState,
    head: Head,
    limit: number,
  ): Promise<Page> {
    const docs = await this.parts.messages
      .find({
        chatId: chat._id,
        seq: trusted({ $gt: membership.clearedSeq, $lte: head.seq }),
        deletedFor: trusted({ $ne: objectId(actor.userId) }),
      })
      .sort({ seq: -1 })
      .limit(Math.min(limit, NEWEST_PAGE))
      .lean();
    return { docs: docs.reverse(), version: head.version, hasMore: false };
  }

  private async views(state: ChatState, docs: MessageDoc[]): Promise<MessageView[]> {
    if (docs.length === 0) return [];
    const records = docs.map(toRecord);
    const cards = await this.parts.directory.cards([
      ...new Set(records.map(({ senderId }) => senderId)),
    ]);
    const positions = positionsOf(state);
    return records.map((message) => ({
      message: { ...message, media: this.parts.attachments.addressed(message.media) },
      sender: cards.get(message.senderId),
      status: statusOf(message, positions),
    }));
  }
}
