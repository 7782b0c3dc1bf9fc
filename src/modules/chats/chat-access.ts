import { LRUCache } from 'lru-cache';
import { createBatchLoader } from '../../platform/batch-loader.js';
import type { Freshness } from '../../platform/cached-lookup.js';
import { CachedLookup } from '../../platform/cached-lookup.js';
import type { Subscription } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import type { Clock } from '../../shared/clock.js';
import { notFound } from '../../shared/errors.js';
import type { AccessChangeEvents, AccessChangePoster } from '../access-changes/index.js';
import type { BlocksRepository } from './blocks.repository.js';
import type { ChatEvents, ChatFacts } from './chats.events.js';
import { chatFacts } from './chats.events.js';
import type { AppliedSanction } from './chats.policy.js';
import { banned, isPublic } from './chats.policy.js';
import type { ChatJoinsRepository } from './chat-joins.repository.js';
import type { ChatRecord, ChatsRepository } from './chats.repository.js';
import type { MemberRole } from './membership.model.js';
import type { MembershipsRepository } from './memberships.repository.js';
import { SanctionLookup } from './sanction-lookup.js';
import type { SanctionsRepository } from './sanctions.repository.js';
import { atMost } from '../../shared/at-most.js';

/** Chats with more members than this are served by one publish for all, never member by member. */
export const LARGE_CHAT_MEMBERS = 100;

/**
 * How long an answer is kept at most while the access-change feed is read, in milliseconds: every change of it is
 * posted there. While the feed is not read, answers are kept for a second.
 */
const MAX_AGE_MS = 600_000;

/** Users whose cached direct chats are found when there is a block. */
const MAX_USERS = 50_000;

/** Roles that are remembered of one large chat. */
const MAX_ROLES_OF_CHAT = 50_000;

/** A chat as the rules see it. */
export interface ChatSnapshot extends ChatFacts {
  isBlocked: boolean;
  /** Whether the recipient of a chat request has accepted it, or written in the chat. */
  isAnswered: boolean;
  /** Whether it has ever had a sanction. */
  hasSanctions: boolean;
  /** Members and their roles; undefined when there are more than {@link LARGE_CHAT_MEMBERS}. */
  members: ReadonlyMap<string, MemberRole> | undefined;
}

/** A member's view of a chat: the chat, and the member's role in it. */
export interface ChatAccessGrant {
  chat: ChatSnapshot;
  role: MemberRole;
  /** The silence that applies to the member, in the chat or on the whole server. */
  silence: AppliedSanction | undefined;
  /** Whether what the member writes is for themselves alone, which they are not told. */
  isShadowed: boolean;
}

/**
 * Answers, for every message and command, who is in a chat. Answers are cached for as long as the access-change feed
 * is read, and dropped at once when an event or the feed says that they have changed, also for calls that wait for
 * them. That somebody is no member is never remembered. Calls that wait resume in the order in which they were made.
 */
export class ChatAccess {
  private readonly snapshots: CachedLookup<ChatSnapshot>;
  /** By user, the direct chats that may be cached, so that a block finds them. */
  private readonly directChats: LRUCache<string, Set<string>>;
  /** Roles in large chats, by chat and then user. */
  private readonly roles: LRUCache<string, CachedLookup<MemberRole>>;
  /** What applies to whom. */
  readonly sanctions: SanctionLookup;
  /** Chats that are looked up at the same time share their queries. */
  private readonly loader = createBatchLoader((chatIds) => this.load(chatIds));
  /** Writes of {@link answerByWriting} that are under way, by chat. */
  private readonly answering = new Map<string, Promise<void>>();
  /** Chats for which this node has written it lately. */
  private readonly answered = new LRUCache<string, true>({ ...atMost(10_000) });

  constructor(
    private readonly deps: {
      chats: ChatsRepository;
      joins: ChatJoinsRepository;
      memberships: MembershipsRepository;
      blocks: BlocksRepository;
      sanctions: SanctionsRepository;
      clock: Clock;
      accessChanges: AccessChangePoster;
      freshness: Freshness;
    },
  ) {
    const { clock, freshness, sanctions } = deps;
    this.sanctions = new SanctionLookup({ sanctions, clock, freshness, ttl: MAX_AGE_MS });
    this.snapshots = new CachedLookup({ ...atMost(50_000), ttl: MAX_AGE_MS, freshness });
    this.directChats = new LRUCache({
      ...atMost(MAX_USERS),
      // What a block would not find any more must not be cached.
      dispose: (chatIds) => {
        for (const chatId of chatIds) this.snapshots.forget(chatId);
      },
    });
    this.roles = new LRUCache({
      ...atMost(1000),
      dispose: (ofChat) => {
        ofChat.clear();
      },
    });
  }

  /** The events after which an answer may have changed. */
  get subscriptions(): Subscription<ChatEvents & AccessChangeEvents>[] {
    const forget = ({ chatId }: { chatId: string }) => {
      this.forget(chatId);
    };
    const forgetIt = ({ chat }: { chat: { id: string } }) => {
      this.forget(chat.id);
    };
    const shared = {
      phase: 'state',
      on: 'every-node',
      does: 'drops the cached chat, its members and their roles',
    } as const;
    return [
      ...this.sanctions.subscriptions,
      { event: 'chat.updated', ...shared, run: forgetIt },
      { event: 'chat.answered', ...shared, run: forgetIt },
      { event: 'members.added', ...shared, run: forget },
      { event: 'members.removed', ...shared, run: forget },
      { event: 'member.role_changed', ...shared, run: forget },
      {
        event: 'member.sanctioned',
        ...shared,
        // The chat says whether its sanctions are looked up at all.
        run: ({ chatId }) => {
          if (chatId !== null) this.forget(chatId);
        },
      },
      {
        event: 'block.changed',
        ...shared,
        does: 'drops the cached direct chats of the two',
        run: ({ blockerId, blockedId }) => {
          for (const userId of [blockerId, blockedId]) this.forgetDirect(userId);
        },
      },
      {
        event: 'access.recheck',
        ...shared,
        run: ({ kind, userId, chatId }) => {
          if (kind === 'block') this.forgetDirect(userId);
          else if (chatId !== undefined) this.forget(chatId);
        },
      },
    ];
  }

  /**
   * The chat, for one of its members.
   *
   * @throws {AppError} NOT_FOUND for everybody else, and when there is no such chat.
   */
  async member(userId: string, chatId: string): Promise<ChatAccessGrant> {
    const { chat, role } = await this.find(userId, chatId);
    if (!chat || !role) throw notFound('Chat');
    await this.assertNotBanned(chat, userId);
    const silence = this.silence(chat, userId);
    return {
      chat,
      role,
      silence: silence instanceof Promise ? await silence : silence,
      isShadowed: this.sanctions.isShadowed(userId),
    };
  }

  /**
   * The chat, for somebody who may read it: its members, and everybody where it is a public room.
   *
   * @returns the role is undefined for readers of a room who have not joined it.
   * @throws {AppError} NOT_FOUND for everybody else, and when there is no such chat; BANNED for those whom a
   *   room's moderators have put out.
   */
  async reader(
    userId: string,
    chatId: string,
  ): Promise<Omit<ChatAccessGrant, 'role'> & { role: MemberRole | undefined }> {
    const { chat, role } = await this.find(userId, chatId);
    if (!chat || !(role ?? isPublic(chat))) throw notFound('Chat');
    await this.assertNotBanned(chat, userId);
    const silence = this.silence(chat, userId);
    return {
      chat,
      role,
      silence: silence instanceof Promise ? await silence : silence,
      isShadowed: this.sanctions.isShadowed(userId),
    };
  }

  /** The chat and the role of a user in it. Somebody who is no member as far as is cached may have become one. */
  private async find(
    userId: string,
    chatId: string,
  ): Promise<{ chat: ChatSnapshot | undefined; role: MemberRole | undefined }> {
    const chat = await this.snapshot(chatId);
    const role = chat && (await this.role(chat, userId));
    if (role || !chat?.members) return { chat, role };
    if (!(await this.deps.memberships.exists(chatId, userId))) return { chat, role };
    this.forget(chatId);
    const anew = await this.snapshot(chatId);
    return { chat: anew, role: anew && (await this.role(anew, userId)) };
  }

  /** Of members, too: a ban is stored before its membership ends, and a node may stop in between. */
  private assertNotBanned(chat: ChatSnapshot, userId: string): Promise<void> | undefined {
    return chat.hasSanctions
      ? this.sanctions.inChat(chat.id, userId).then(({ ban }) => {
          if (ban) throw banned(ban);
        })
      : undefined;
  }

  /**
   * The chat, for the system, which may do in every chat what its owner may, and is a member of none.
   *
   * @throws {AppError} NOT_FOUND when there is no such chat.
   */
  async system(chatId: string): Promise<ChatAccessGrant> {
    const chat = await this.snapshot(chatId);
    if (!chat) throw notFound('Chat');
    return { chat, role: 'owner', silence: undefined, isShadowed: false };
  }

  /** The chat, without any check of access; undefined when there is none. */
  snapshot(chatId: string): Promise<ChatSnapshot | undefined> {
    return this.snapshots.get(chatId, () => this.loader.load(chatId));
  }

  /** The silence that applies to a user in a chat, there or on the whole server. */
  silence(
    chat: ChatSnapshot,
    userId: string,
  ): AppliedSanction | undefined | Promise<AppliedSanction | undefined> {
    const onServer = this.sanctions.serverSilence(userId);
    if (onServer || !chat.hasSanctions) return onServer;
    return this.sanctions.inChat(chat.id, userId).then(({ silence }) => silence);
  }

  /** A user's role in a chat; undefined for somebody who is not a member. */
  async role(chat: ChatSnapshot, userId: string): Promise<MemberRole | undefined> {
    if (chat.members) return chat.members.get(userId);
    return this.rolesIn(chat.id).get(userId, () => this.deps.memberships.roleOf(chat.id, userId));
  }

  /**
   * Stores that the recipient of a chat request accepts it by writing. Call it before the message is written.
   * It costs each chat one write in its lifetime.
   */
  async answerByWriting(chat: ChatSnapshot, userId: string): Promise<void> {
    if (chat.kind !== 'direct' || chat.isAnswered || chat.initiator === userId) return;
    // What was read of the chat before the write may still be on its way to here.
    if (this.answered.has(chat.id)) return;
    // All who write at the same moment wait for one write, and continue in the order in which they came.
    const earlier = this.answering.get(chat.id);
    if (earlier) return earlier;
    const writing = this.setAnswered(chat, userId)
      .then(() => {
        this.answered.set(chat.id, true);
      })
      .finally(() => {
        this.answering.delete(chat.id);
        this.forget(chat.id);
      });
    this.answering.set(chat.id, writing);
    return writing;
  }

  private async setAnswered({ id }: ChatSnapshot, userId: string): Promise<void> {
    await this.deps.accessChanges.post([{ kind: 'chat', userId, chatId: id }]);
    await withDeadline(this.deps.chats.setAnswered(id, true), QUEUE_STEP_MS);
  }

  /** Drops the cached chat, which may be out of date: the next call reads the database. */
  forget(chatId: string): void {
    this.snapshots.forget(chatId);
    this.roles.get(chatId)?.clear();
  }

  /** Drops the cached direct chats of a user; of those that are being looked up nobody knows whose they are. */
  private forgetDirect(userId: string): void {
    this.snapshots.forgetLoading();
    for (const chatId of this.directChats.get(userId) ?? []) this.snapshots.forget(chatId);
  }

  private noteDirect(chats: ChatRecord[]): void {
    for (const { _id, kind, participants } of chats) {
      if (kind !== 'direct') continue;
      for (const userId of (participants ?? []).map((id) => id.toHexString())) {
        const chatIds = this.directChats.get(userId) ?? new Set();
        if (chatIds.size === 0) this.directChats.set(userId, chatIds);
        chatIds.add(_id.toHexString());
      }
    }
  }

  private rolesIn(chatId: string): CachedLookup<MemberRole> {
    const known = this.roles.get(chatId);
    if (known) return known;
    // Bounded by size, because a bound by number reserves the memory for all entries in each chat.
    const roles = new CachedLookup<MemberRole>({
      maxSize: MAX_ROLES_OF_CHAT,
      sizeCalculation: () => 1,
      ttl: MAX_AGE_MS,
      freshness: this.deps.freshness,
    });
    this.roles.set(chatId, roles);
    return roles;
  }

  private async load(chatIds: string[]): Promise<Map<string, ChatSnapshot>> {
    const joined = await this.deps.joins.withRoles(chatIds.map(objectId), LARGE_CHAT_MEMBERS + 1);
    const chats = joined.map(({ chat }) => chat);
    this.noteDirect(chats);
    const blocked = await this.blockedAmong(chats);
    return new Map(
      joined.map(({ chat, members }) => {
        const id = chat._id.toHexString();
        const snapshot: ChatSnapshot = {
          ...chatFacts(chat),
          members:
            members.length > LARGE_CHAT_MEMBERS
              ? undefined
              : new Map(members.map(({ userId, role }) => [userId.toHexString(), role])),
          isBlocked: blocked.has(id),
          isAnswered: chat.isAnswered === true,
          hasSanctions: chat.hasSanctions === true,
        };
        return [id, snapshot];
      }),
    );
  }

  /** Those of the chats whose two people have a block between them. */
  private async blockedAmong(chats: ChatRecord[]): Promise<Set<string>> {
    const pairs = chats.flatMap(({ _id, kind, participants }) => {
      const [a, b] = (kind === 'direct' ? (participants ?? []) : []).map((id) => id.toHexString());
      return a !== undefined && b !== undefined ? [{ chatId: _id.toHexString(), a, b }] : [];
    });
    const blocks = await this.deps.blocks.between(pairs);
    const isBlocked = (a: string, b: string) =>
      blocks.some(({ blockerId, blockedId }) => blockerId === a && blockedId === b);
    return new Set(
      pairs.flatMap(({ chatId, a, b }) => (isBlocked(a, b) || isBlocked(b, a) ? [chatId] : [])),
    );
  }
}
