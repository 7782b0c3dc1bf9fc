import type { Config } from '../../config/index.js';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import { isSystem } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { notFound } from '../../shared/errors.js';
import type { MetadataFilter } from '../../shared/metadata.js';
import { paginate } from '../../shared/pagination.js';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import type { LastMessage } from './chat.model.js';
import type { ChatState, ChatStates, ChatView, PresenceState } from './chat-view.js';
import { isArchived, isHidden, readSeqOf } from './chat-view.js';
import { hasAgreed } from './chats.policy.js';
import type { ChatRecord, ChatsRepository } from './chats.repository.js';
import type { Contacts } from './contacts.js';
import type { MembershipRecord, MembershipsRepository } from './memberships.repository.js';
import { NEW_MEMBERSHIP } from './memberships.repository.js';

/** From where a member's unread messages count. */
export interface UnreadQuery {
  chatId: string;
  afterSeq: number;
  /** The chat's newest number as far as its list knows; the log may have come further. */
  lastSeq: number;
}

/** What the lists show of the messages, which a later module keeps. */
export interface ChatViewSources {
  previews: {
    /** Makes the cached newest messages of the lists catch up with what this node has written. */
    settle(): Promise<void>;
  };
  unread: {
    /** How many messages the user has not read, by chat. */
    counts(userId: string, queries: UnreadQuery[]): Promise<Map<string, number>>;
    /** How many of the unread messages mention the user, by chat. */
    mentions(userId: string, queries: UnreadQuery[]): Promise<Map<string, number>>;
  };
  /** The newest message above a number that the user has not deleted for themselves. */
  newestVisible(userId: string, chatId: string, aboveSeq: number): Promise<LastMessage | null>;
}

/** One page of a list of chats. */
export interface ChatPage {
  views: ChatView[];
  pagination: Pagination;
}

/** A page of somebody's chats. */
export interface ChatsQuery extends PageQuery {
  /** Exact values in the metadata of the chats. */
  metadata?: MetadataFilter | undefined;
}

/** A page of pending chats: sent to the reader, or by the reader. */
export interface RequestsQuery extends PageQuery {
  direction: 'incoming' | 'outgoing';
}

const OFFLINE: PresenceState = { status: 'offline', lastSeen: null };

/** Reads chats as their members see them: lists, requests, one chat. */
export class ChatList {
  constructor(
    private readonly deps: {
      chats: ChatsRepository;
      memberships: MembershipsRepository;
      states: ChatStates;
      messageLog: ChatViewSources;
      presenceOf(userIds: string[]): Promise<Map<string, PresenceState>>;
      contacts: Pick<Contacts, 'withAnswers'>;
      /** `PRESENCE_AUDIENCE`: whose presence the two of a direct chat see. */
      presenceAudience: Config['presenceAudience'];
      clock: Clock;
    },
  ) {}

  /** What changes seldom; presence and counts are added when it is shown. */
  get states(): ChatStates {
    return this.deps.states;
  }

  /** The member's accepted chats that are neither archived nor deleted; pinned ones first, then newest. */
  async active(actor: Actor, page: ChatsQuery): Promise<ChatPage> {
    await this.deps.messageLog.previews.settle();
    if (!page.metadata) {
      const { states, total } = await this.states.activePage(actor, {
        at: new Date(this.deps.clock.now()),
        skip: (page.page - 1) * page.limit,
        limit: page.limit,
      });
      return { views: await this.viewsOf(actor, states), pagination: paginate(page, total) };
    }
    const { chats: shown, memberships } = await this.activeChats(actor.userId, page.metadata);
    const pinRank = (chat: ChatRecord) =>
      memberships.get(chat._id.toHexString())?.pinnedAt != null ? 0 : 1;
    shown.sort((a, b) => pinRank(a) - pinRank(b));
    return this.pageOf(actor, shown, memberships, page);
  }

  /** How many messages the actor has not read, over all active chats. */
  async unreadTotal(actor: Actor): Promise<number> {
    await this.deps.messageLog.previews.settle();
    const now = this.deps.clock.now();
    const unread = (await this.states.unreadOf(actor.userId)).filter(
      ({ chat, ...membership }) =>
        !isHidden(chat, membership) && !isArchived(chat, membership, now),
    );
    const counts = await this.deps.messageLog.unread.counts(
      actor.userId,
      unreadQueries(unread.map(({ chat, ...membership }) => ({ chat, membership }))),
    );
    return [...counts.values()].reduce((total, count) => total + count, 0);
  }

  /** Pending requests, to the actor or by the actor, that the actor has not deleted, newest first. */
  async requests(actor: Actor, query: RequestsQuery): Promise<ChatPage> {
    const chats = await this.deps.chats.requestsOf(actor.userId, query.direction, MAX_REQUESTS);
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
   * One chat as the actor sees it. Admins of the system may see every public room, and the system itself every chat;
   * what they have not joined has nothing unread for them.
   *
   * @throws {AppError} NOT_FOUND for everybody else who is not a member.
   */
  async detail(actor: Actor, chatId: string): Promise<ChatView> {
    await this.deps.messageLog.previews.settle();
    const [chat, membership] = await Promise.all([
      this.deps.chats.find(chatId),
      this.deps.memberships.find(chatId, actor.userId),
    ]);
    const isOverseer = isSystem(actor) || (chat?.kind === 'room' && actor.role === 'admin');
    if (!chat || !(membership ?? isOverseer)) throw notFound('Chat');
    const memberships = new Map([[chatId, membership ?? this.outsider(actor, chat)]]);
    const [view] = await this.views(actor, [chat], memberships);
    if (!view) throw notFound('Chat');
    return { ...view, isMember: membership !== null };
  }

  /** Chats as the system sees them, which is in none. */
  async overseen(actor: Actor, chats: ChatRecord[]): Promise<ChatView[]> {
    const memberships = new Map(
      chats.map((chat) => [chat._id.toHexString(), this.outsider(actor, chat)]),
    );
    const views = await this.views(actor, chats, memberships);
    return views.map((view) => ({ ...view, isMember: false }));
  }

  /** In place of the membership of somebody who has none: nothing is unread, nothing is set. */
  private outsider(actor: Actor, chat: ChatRecord): MembershipRecord {
    return {
      ...NEW_MEMBERSHIP,
      _id: chat._id,
      chatId: chat._id,
      userId: objectId(actor.userId),
      lastReadSeq: chat.lastSeq,
      lastDeliveredSeq: chat.lastSeq,
      joinedAt: new Date(this.deps.clock.now()),
    };
  }

  /** Views of chats that the caller has already chosen; chats without a membership are left out. */
  async views(
    actor: Actor,
    chats: ChatRecord[],
    memberships: Map<string, MembershipRecord>,
  ): Promise<ChatView[]> {
    return this.viewsOf(actor, await this.states.of(actor, chats, memberships));
  }

  /** Completes states with what changes all the time: presence and unread counts. */
  async viewsOf(actor: Actor, states: ChatState[]): Promise<ChatView[]> {
    const userIds = new Set(states.flatMap(({ members }) => members.map(({ card }) => card.id)));
    const queries = unreadQueries(states);
    const [hiding, presence, unread, newest] = await Promise.all([
      this.unanswered(states),
      this.deps.presenceOf([...userIds]),
      this.deps.messageLog.unread.counts(actor.userId, queries),
      this.newestMessages(actor.userId, states),
    ]);
    const mentions = await this.deps.messageLog.unread.mentions(
      actor.userId,
      queries.filter(({ chatId }) => (unread.get(chatId) ?? 0) > 0),
    );
    return states.map((state) => {
      const id = state.chat._id.toHexString();
      const showsPresence = (userId: string) =>
        state.chat.status === 'accepted' &&
        !state.blocks.withUser.has(userId) &&
        hiding.get(id) !== userId;
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

  /** By chat, who has been asked for it and has not answered, where their presence is therefore not shown. */
  private async unanswered(states: ChatState[]): Promise<Map<string, string>> {
    if (this.deps.presenceAudience !== 'answered') return new Map();
    const direct = states.flatMap(({ chat }) =>
      chat.participants ? [{ ...chat, participants: chat.participants }] : [],
    );
    const asked = (await this.deps.contacts.withAnswers(direct)).flatMap((chat) =>
      chat.participants
        .map((id) => id.toHexString())
        .filter((userId) => !hasAgreed(chat, userId))
        .map((userId) => [chat._id.toHexString(), userId] as const),
    );
    return new Map(asked);
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
        return [
          id,
          await this.deps.messageLog.newestVisible(userId, id, membership.clearedSeq),
        ] as const;
      }),
    );
    return new Map(found);
  }

  /** The active chats of a user whose metadata have these values, newest activity first. */
  private async activeChats(
    userId: string,
    metadata: MetadataFilter,
  ): Promise<{ chats: ChatRecord[]; memberships: Map<string, MembershipRecord> }> {
    const memberships = await this.states.membershipsOf(userId);
    const chatIds = [...memberships.values()].map(({ chatId }) => chatId);
    const chats = await this.deps.chats.byActivity(chatIds, { status: 'accepted', metadata });
    const now = this.deps.clock.now();
    const shown = chats.filter((chat) => {
      const membership = memberships.get(chat._id.toHexString());
      return membership && !isHidden(chat, membership) && !isArchived(chat, membership, now);
    });
    return { chats: shown, memberships };
  }

  private async pageOf(
    actor: Actor,
    chats: ChatRecord[],
    memberships: Map<string, MembershipRecord>,
    page: PageQuery,
  ): Promise<ChatPage> {
    const start = (page.page - 1) * page.limit;
    const views = await this.views(actor, chats.slice(start, start + page.limit), memberships);
    return { views, pagination: paginate(page, chats.length) };
  }
}

/** A list of requests longer than this is spam; the newest are shown. */
const MAX_REQUESTS = 1000;

const unreadQueries = (
  states: {
    chat: Pick<ChatRecord, '_id' | 'lastSeq'>;
    membership: Pick<MembershipRecord, 'lastReadSeq' | 'privateReadSeq' | 'clearedSeq'>;
  }[],
): UnreadQuery[] =>
  states.flatMap(({ chat, membership }) => {
    const chatId = chat._id.toHexString();
    const afterSeq = Math.max(readSeqOf(membership), membership.clearedSeq);
    return chat.lastSeq > afterSeq ? [{ chatId, afterSeq, lastSeq: chat.lastSeq }] : [];
  });

/** Records which chats admins read. */
export interface AuditLog {
  record(actor: Actor, action: string, subject: string): Promise<void>;
}

/** Lists chats that the active list does not show: archived ones, and all of a user. */
export class ChatArchive {
  constructor(
    private readonly deps: {
      chats: ChatsRepository;
      list: ChatList;
      directory: { exists(userId: string): Promise<boolean> };
      audit: AuditLog;
      clock: Clock;
      messageLog: Pick<ChatViewSources, 'previews'>;
    },
  ) {}

  /** The actor's archived chats, newest activity first. */
  async archived(actor: Actor, page: ChatsQuery): Promise<ChatPage> {
    const memberships = await this.deps.list.states.membershipsOf(actor.userId);
    const now = this.deps.clock.now();
    return this.page(actor, memberships, page, (chat, membership) =>
      isArchived(chat, membership, now),
    );
  }

  /**
   * A user's chats: all of the actor's own, those that the actor shares with another, and for admins
   * all of anybody, as that user sees them. What a user has deleted is not shown for them.
   *
   * @throws {AppError} NOT_FOUND for an unknown user.
   */
  async ofUser(actor: Actor, userId: string, page: ChatsQuery): Promise<ChatPage> {
    const { audit, directory, list } = this.deps;
    if (userId === actor.userId) {
      return this.page(actor, await list.states.membershipsOf(userId), page, () => true);
    }
    if (!(await directory.exists(userId))) throw notFound('User');
    const theirs = await list.states.membershipsOf(userId);
    if (actor.role === 'admin') {
      await audit.record(actor, 'chats.read_history', userId);
      return this.page({ ...actor, userId }, theirs, page, () => true);
    }
    const mine = await list.states.membershipsOf(actor.userId);
    return this.page(actor, mine, page, (chat) => theirs.has(chat._id.toHexString()));
  }

  private async page(
    viewer: Actor,
    memberships: Map<string, MembershipRecord>,
    page: ChatsQuery,
    isWanted: (chat: ChatRecord, membership: MembershipRecord) => boolean,
  ): Promise<ChatPage> {
    const { chats, list, messageLog } = this.deps;
    await messageLog.previews.settle();
    const chatIds = [...memberships.values()].map(({ chatId }) => chatId);
    const all = await chats.byActivity(chatIds, { metadata: page.metadata });
    const wanted = all.filter((chat) => {
      const membership = memberships.get(chat._id.toHexString());
      return membership && !isHidden(chat, membership) && isWanted(chat, membership);
    });
    const start = (page.page - 1) * page.limit;
    const shown = wanted.slice(start, start + page.limit);
    return {
      views: await list.views(viewer, shown, memberships),
      pagination: paginate(page, wanted.length),
    };
  }
}
