import { trusted } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { notFound } from '../../shared/errors.js';
import { paginate } from '../../shared/pagination.js';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import type { UserCard } from '../users/index.js';
import type { AccessModels } from './chat-access.js';
import { ChatStates } from './chat-states.js';
import type { ChatDoc, LastMessage } from './chat.model.js';
import type { ChatState, ChatView, PresenceState } from './chat.view.js';
import { isArchived, isHidden, readSeqOf } from './chat.view.js';
import type { MembershipDoc } from './membership.model.js';
import { NEW_MEMBERSHIP } from './memberships.repository.js';

/** From where a member's unread messages count. */
export interface UnreadQuery {
  chatId: string;
  afterSeq: number;
  /** The chat's newest number as far as its list knows; the log may have come further. */
  lastSeq: number;
}

/** What the views need of other modules. */
export interface ChatViewSources {
  /** Makes the cached newest messages of the lists catch up with what this node has written. */
  settlePreviews(): Promise<void>;
  unreadCounts(userId: string, queries: UnreadQuery[]): Promise<Map<string, number>>;
  /** Of the unread messages, how many mention the user. */
  mentionCounts(userId: string, queries: UnreadQuery[]): Promise<Map<string, number>>;
  /** The newest message above a number that the user has not deleted for themselves. */
  newestVisible(userId: string, chatId: string, aboveSeq: number): Promise<LastMessage | null>;
  cards(userIds: string[]): Promise<Map<string, UserCard>>;
  presence(userIds: string[]): Promise<Map<string, PresenceState>>;
}

/** A page of pending chats: sent to the reader, or by the reader. */
export interface RequestsQuery extends PageQuery {
  direction: 'incoming' | 'outgoing';
}

const OFFLINE: PresenceState = { status: 'offline', lastSeen: null };

/** Reads chats as their members see them: lists, requests, one chat. */
export class ChatList {
  /** What changes seldom; presence and counts are added when it is shown. */
  readonly states: ChatStates;

  constructor(
    private readonly models: AccessModels,
    private readonly sources: ChatViewSources,
    private readonly clock: Clock,
  ) {
    this.states = new ChatStates(models, sources);
  }

  /** The member's accepted chats that are neither archived nor deleted; pinned ones first, then newest. */
  async active(
    actor: Actor,
    page: PageQuery,
  ): Promise<{ views: ChatView[]; pagination: Pagination }> {
    const { chats: shown, memberships } = await this.activeChats(actor.userId);
    const isPinned = (chat: ChatDoc) =>
      memberships.get(chat._id.toHexString())?.pinnedAt != null ? 0 : 1;
    shown.sort((a, b) => isPinned(a) - isPinned(b));
    return this.pageOf(actor, shown, memberships, page);
  }

  /** How many messages the actor has not read, over all active chats. */
  async unreadTotal(actor: Actor): Promise<number> {
    const { chats, memberships } = await this.activeChats(actor.userId);
    const counts = await this.sources.unreadCounts(
      actor.userId,
      unreadQueries(
        chats.map((chat) => ({ chat, membership: memberships.get(chat._id.toHexString())! })),
      ),
    );
    return [...counts.values()].reduce((total, count) => total + count, 0);
  }

  /** Pending requests, to the actor or by the actor, that the actor has not deleted, newest first. */
  async requests(
    actor: Actor,
    query: RequestsQuery,
  ): Promise<{ views: ChatView[]; pagination: Pagination }> {
    const me = objectId(actor.userId);
    const initiator = query.direction === 'outgoing' ? me : trusted({ $ne: me });
    const chats = await this.models.chats
      .find({ participants: me, status: 'pending', initiator })
      .sort({ lastMessageAt: -1 })
      .limit(MAX_REQUESTS)
      .lean();
    const memberships = await this.states.membershipsOf(
      actor.userId,
      chats.map((chat) => chat._id),
    );
    const shown = chats.filter((chat) => {
      const membership = memberships.get(chat._id.toHexString());
      return membership && !isHidden(chat, membership);
    });
    return this.pageOf(actor, shown, memberships, query);
  }

  /**
   * One chat as the actor sees it. Admins of the system rule every public room, and see those that they
   * have not joined as somebody who has nothing to read there.
   *
   * @throws {AppError} NOT_FOUND for everybody else who is not a member.
   */
  async detail(actor: Actor, chatId: string): Promise<ChatView> {
    await this.sources.settlePreviews();
    const [chat, membership] = await Promise.all([
      this.models.chats.findById(objectId(chatId)).lean(),
      this.models.memberships
        .findOne({ chatId: objectId(chatId), userId: objectId(actor.userId) })
        .lean(),
    ]);
    const isRuler = chat?.kind === 'room' && actor.role === 'admin';
    if (!chat || !(membership ?? isRuler)) throw notFound('Chat');
    const place = membership ?? this.outside(actor, chat);
    const [view] = await this.views(actor, [chat], new Map([[chatId, place]]));
    if (!view) throw notFound('Chat');
    return { ...view, isMember: membership !== null };
  }

  /** Stands for the membership of somebody who has none: nothing is unread, nothing is set. */
  private outside(actor: Actor, chat: ChatDoc): MembershipDoc {
    return {
      ...NEW_MEMBERSHIP,
      _id: chat._id,
      chatId: chat._id,
      userId: objectId(actor.userId),
      lastReadSeq: chat.lastSeq,
      lastDeliveredSeq: chat.lastSeq,
      joinedAt: new Date(this.clock.now()),
    };
  }

  /** Views of chats that the caller has already chosen; chats without a membership are left out. */
  async views(
    actor: Actor,
    chats: ChatDoc[],
    memberships: Map<string, MembershipDoc>,
  ): Promise<ChatView[]> {
    return this.viewsOf(actor, await this.states.of(actor, chats, memberships));
  }

  /** Completes states with what changes all the time: presence and unread counts. */
  async viewsOf(actor: Actor, states: ChatState[]): Promise<ChatView[]> {
    const userIds = new Set(states.flatMap(({ members }) => members.map(({ card }) => card.id)));
    const queries = unreadQueries(states);
    const [presence, unread, newest] = await Promise.all([
      this.sources.presence([...userIds]),
      this.sources.unreadCounts(actor.userId, queries),
      this.newestMessages(actor.userId, states),
    ]);
    const mentions = await this.sources.mentionCounts(
      actor.userId,
      queries.filter(({ chatId }) => (unread.get(chatId) ?? 0) > 0),
    );
    return states.map((state) => {
      const id = state.chat._id.toHexString();
      const showsPresence = (userId: string) =>
        state.chat.status === 'accepted' && !state.blockedIds.has(userId);
      return {
        ...state,
        isMember: true,
        chat: newest.has(id) ? { ...state.chat, lastMessage: newest.get(id) ?? null } : state.chat,
        members: state.members.map((member) => ({
          ...member,
          presence: (showsPresence(member.card.id) && presence.get(member.card.id)) || OFFLINE,
        })),
        unreadCount: unread.get(id) ?? 0,
        mentionCount: mentions.get(id) ?? 0,
      };
    });
  }

  /** The newest messages of those chats whose newest one the user has deleted for themselves. */
  private async newestMessages(
    userId: string,
    states: ChatState[],
  ): Promise<Map<string, LastMessage | null>> {
    const me = objectId(userId);
    const affected = states.filter(({ chat }) =>
      chat.lastMessage?.hiddenFor?.some((id) => id.equals(me)),
    );
    const found = await Promise.all(
      affected.map(async ({ chat, membership }) => {
        const id = chat._id.toHexString();
        return [id, await this.sources.newestVisible(userId, id, membership.clearedSeq)] as const;
      }),
    );
    return new Map(found);
  }

  /** Accepted chats of a user that are neither archived nor deleted, newest activity first. */
  private async activeChats(
    userId: string,
  ): Promise<{ chats: ChatDoc[]; memberships: Map<string, MembershipDoc> }> {
    await this.sources.settlePreviews();
    const memberships = await this.states.membershipsOf(userId);
    const chats = await this.models.chats
      .find({
        _id: trusted({ $in: [...memberships.values()].map((m) => m.chatId) }),
        status: 'accepted',
      })
      .sort({ lastMessageAt: -1, _id: -1 })
      .lean();
    const now = this.clock.now();
    const shown = chats.filter((chat) => {
      const membership = memberships.get(chat._id.toHexString());
      return membership && !isHidden(chat, membership) && !isArchived(chat, membership, now);
    });
    return { chats: shown, memberships };
  }

  private async pageOf(
    actor: Actor,
    chats: ChatDoc[],
    memberships: Map<string, MembershipDoc>,
    page: PageQuery,
  ): Promise<{ views: ChatView[]; pagination: Pagination }> {
    const start = (page.page - 1) * page.limit;
    const views = await this.views(actor, chats.slice(start, start + page.limit), memberships);
    return { views, pagination: paginate(page, chats.length) };
  }
}

/** A list of requests longer than this is spam; the newest are shown. */
const MAX_REQUESTS = 1000;

const unreadQueries = (states: { chat: ChatDoc; membership: MembershipDoc }[]): UnreadQuery[] =>
  states.flatMap(({ chat, membership }) => {
    const chatId = chat._id.toHexString();
    const afterSeq = Math.max(readSeqOf(membership), membership.clearedSeq);
    return chat.lastSeq > afterSeq ? [{ chatId, afterSeq, lastSeq: chat.lastSeq }] : [];
  });
