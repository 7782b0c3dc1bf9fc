import { LRUCache } from 'lru-cache';
import { CachedLookup } from '../../platform/cached-lookup.js';
import type { Subscription } from '../../platform/event-bus.js';
import { QUEUE_STEP_MS, withDeadline } from '../../shared/deadline.js';
import type { Clock } from '../../shared/clock.js';
import { notFound } from '../../shared/errors.js';
import type { AccessChangeEvents } from '../access-changes/index.js';
import type { BlocksRepository } from './blocks.repository.js';
import type { ChatEvents, ChatFacts } from './chats.events.js';
import { chatFacts } from './chats.events.js';
import type { AppliedSanction } from './chats.policy.js';
import { banned, isPublic } from './chats.policy.js';
import type { ChatRecord, ChatsRepository } from './chats.repository.js';
import type { MemberRole } from './membership.model.js';
import type { MembershipsRepository } from './memberships.repository.js';
import { SanctionLookup } from './sanction-lookup.js';
import type { SanctionsRepository } from './sanctions.repository.js';

/** Chats with more members than this are served by one publish for all, never member by member. */
export const LARGE_CHAT_MEMBERS = 100;

/**
 * How old a cached decision may be, in milliseconds. With several nodes: how long at most a removal is
 * unknown to a node that has not received its event. A single node publishes all changes itself; its answers
 * are out of date only where a write failed and it is unknown whether it took effect.
 */
const MAX_AGE_MS = { amongNodes: 1000, alone: 30_000 };

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
}

/**
 * Answers, for every message and command, who is in a chat. Answers are cached for a while and dropped at
 * once when an event says that they have changed, also for calls that wait for them. Calls that wait resume
 * in the order in which they were made.
 */
export class ChatAccess {
  private readonly snapshots: CachedLookup<ChatSnapshot>;
  /** Roles in large chats, by chat and then user. */
  private readonly roles: LRUCache<string, CachedLookup<MemberRole>>;
  /** What applies to whom. */
  readonly sanctions: SanctionLookup;
  /** For how long an answer is kept, in milliseconds. */
  private readonly ttl: number;

  /** Writes of {@link answerByWriting} that are under way, by chat. */
  private readonly answering = new Map<string, Promise<void>>();
  /** Chats for which this node has written it lately. */
  private readonly answered = new LRUCache<string, true>({ max: 10_000 });

  constructor(
    private readonly deps: {
      chats: ChatsRepository;
      memberships: MembershipsRepository;
      blocks: BlocksRepository;
      sanctions: SanctionsRepository;
      clock: Clock;
      /** Whether no other node writes to the same database. */
      isAlone: boolean;
    },
  ) {
    this.ttl = deps.isAlone ? MAX_AGE_MS.alone : MAX_AGE_MS.amongNodes;
    const { clock, sanctions } = deps;
    this.sanctions = new SanctionLookup({ sanctions, clock, ttl: this.ttl });
    this.snapshots = new CachedLookup({ max: 50_000, ttl: this.ttl });
    this.roles = new LRUCache({
      max: 1000,
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
        does: 'drops the cached memberships',
        run: () => {
          this.snapshots.clear();
        },
      },
      {
        event: 'access.recheck',
        ...shared,
        run: ({ kind, chatId }) => {
          if (kind === 'block') this.snapshots.clear();
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
    const chat = await this.snapshot(chatId);
    const role = chat && (await this.role(chat, userId));
    if (!chat || !role) throw notFound('Chat');
    await this.assertNotBanned(chat, userId);
    const silence = this.silence(chat, userId);
    return { chat, role, silence: silence instanceof Promise ? await silence : silence };
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
  ): Promise<Pick<ChatAccessGrant, 'chat' | 'silence'> & { role: MemberRole | undefined }> {
    const chat = await this.snapshot(chatId);
    const role = chat && (await this.role(chat, userId));
    if (!chat || !(role ?? isPublic(chat))) throw notFound('Chat');
    await this.assertNotBanned(chat, userId);
    const silence = this.silence(chat, userId);
    return { chat, role, silence: silence instanceof Promise ? await silence : silence };
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
    return { chat, role: 'owner', silence: undefined };
  }

  /** The chat, without any check of access; undefined when there is none. */
  snapshot(chatId: string): Promise<ChatSnapshot | undefined> {
    return this.snapshots.get(chatId, () => this.load(chatId));
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
    const writing = withDeadline(this.deps.chats.setAnswered(chat.id, true), QUEUE_STEP_MS)
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

  /** Drops the cached chat, which may be out of date: the next call reads the database. */
  forget(chatId: string): void {
    this.snapshots.forget(chatId);
    this.roles.get(chatId)?.clear();
  }

  private rolesIn(chatId: string): CachedLookup<MemberRole> {
    const known = this.roles.get(chatId);
    if (known) return known;
    // Bounded by size, because a bound by number reserves the memory for all entries in each chat.
    const roles = new CachedLookup<MemberRole>({
      maxSize: MAX_ROLES_OF_CHAT,
      sizeCalculation: () => 1,
      ttl: this.ttl,
    });
    this.roles.set(chatId, roles);
    return roles;
  }

  private async load(chatId: string): Promise<ChatSnapshot | undefined> {
    const [chat, memberships] = await Promise.all([
      this.deps.chats.find(chatId),
      this.deps.memberships.rolesIn(chatId, LARGE_CHAT_MEMBERS + 1),
    ]);
    if (!chat) return undefined;
    const members =
      memberships.length > LARGE_CHAT_MEMBERS
        ? undefined
        : new Map(memberships.map(({ userId, role }) => [userId.toHexString(), role]));
    return {
      ...chatFacts(chat),
      members,
      isBlocked: await this.isBlocked(chat),
      isAnswered: chat.isAnswered === true,
      hasSanctions: chat.hasSanctions === true,
    };
  }

  private async isBlocked(chat: ChatRecord): Promise<boolean> {
    const [a, b] = chat.kind === 'direct' ? (chat.participants ?? []) : [];
    if (!a || !b) return false;
    return this.deps.blocks.existsBetween(a.toHexString(), b.toHexString());
  }
}
