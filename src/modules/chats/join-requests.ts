import type { Publisher } from '../../platform/event-bus.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, forbidden, notFound } from '../../shared/errors.js';
import type { UserCard } from '../users/index.js';
import type { ChatEvents } from './chats.events.js';
import type { ChatRecord, ChatsRepository } from './chats.repository.js';
import { joinModeOf, refusalToManage } from './chats.policy.js';
import type { GroupAccess } from './group-access.js';
import type { JoinRequestRecord, JoinRequestsRepository } from './join-requests.repository.js';
import type { MembershipChanges } from './members.js';
import type { MemberRolesRepository } from './member-roles.repository.js';
import type { MembershipsRepository } from './memberships.repository.js';

/** A request to join, as those see it who answer it. */
export interface JoinRequestView {
  card: UserCard;
  createdAt: Date;
}

/** How a request ended. */
export type JoinRequestOutcome = 'accepted' | 'rejected' | 'withdrawn';

/** How long a request may wait for an answer, and how long who was rejected cannot ask again, in milliseconds. */
const VALID_MS = 30 * 24 * 3_600_000;
const REJECTED_MS = 24 * 3_600_000;
/** Open requests: so many to a room, and of a user. */
const MAX_OPEN = { ofChat: 500, ofUser: 50 };

/** Requests to be let into rooms that are closed (`joinMode: "request"`); who manages members answers them. */
export class JoinRequests {
  constructor(
    private readonly deps: {
      requests: JoinRequestsRepository;
      chats: ChatsRepository;
      memberships: MembershipsRepository;
      roles: Pick<MemberRolesRepository, 'managerIds'>;
      access: GroupAccess;
      changes: MembershipChanges;
      /** @throws {AppError} NOT_FOUND for a name that no room has. */
      roomOf(name: string): Promise<ChatRecord>;
      directory: {
        card(userId: string): Promise<UserCard | undefined>;
        cards(userIds: string[]): Promise<Map<string, UserCard>>;
      };
      bus: Publisher<ChatEvents>;
      clock: Clock;
    },
  ) {}

  /**
   * Asks to be let into a room. Asking again changes nothing.
   *
   * @param name slug or name of the room.
   * @throws {AppError} NOT_FOUND; BANNED; CONFLICT for members and where the room is open; FORBIDDEN where only
   *   invites lead in; RATE_LIMITED for somebody who was rejected, and when too many wait.
   */
  async ask(actor: Actor, name: string): Promise<{ chatId: string; createdAt: Date }> {
    const { bus, changes, clock, directory, memberships, requests, roles } = this.deps;
    const room = await this.deps.roomOf(name);
    const chatId = room._id.toHexString();
    const refusal = refusalToAsk(room);
    if (refusal) throw refusal;
    if (await memberships.exists(chatId, actor.userId)) throw alreadyIn();
    await changes.assertNoneBanned(chatId, [actor.userId]);
    const now = clock.now();
    const createdAt = new Date(now);
    const earlier = await requests.find(chatId, actor.userId, createdAt);
    if (earlier?.rejectedAt) throw rejected(earlier.expiresAt.getTime() - now);
    if (earlier) return { chatId, createdAt: earlier.createdAt };
    const user = await directory.card(actor.userId);
    if (!user) throw notFound('User');
    const open = await requests.count({ chatId, userId: actor.userId }, createdAt, MAX_OPEN);
    if (open.ofChat >= MAX_OPEN.ofChat || open.ofUser >= MAX_OPEN.ofUser) throw tooMany();
    const expiresAt = new Date(now + VALID_MS);
    const isNew = await requests.insert({ chatId, userId: actor.userId, createdAt, expiresAt });
    if (isNew) {
      const managers = await roles.managerIds(chatId);
      bus.emit(
        'join.requested',
        { chatId, user, at: createdAt.toISOString(), audience: audiences.users(managers) },
        { scope: 'cluster' },
      );
    }
    return { chatId, createdAt };
  }

  /**
   * Takes the actor's own request back.
   *
   * @throws {AppError} NOT_FOUND when there is no such room, or no request that is open.
   */
  async withdraw(actor: Actor, name: string): Promise<string> {
    const chatId = (await this.deps.roomOf(name))._id.toHexString();
    await this.end(chatId, actor.userId, 'withdrawn');
    return chatId;
  }

  /** The rooms that the actor has asked to join, newest request first. */
  async mine(actor: Actor): Promise<{ chat: ChatRecord; createdAt: Date }[]> {
    const { chats, clock, memberships, requests } = this.deps;
    const now = new Date(clock.now());
    const open = await requests.ofUser(actor.userId, now, MAX_OPEN.ofUser);
    const chatIds = open.map(({ chatId }) => chatId);
    const [found, joined] = await Promise.all([
      chats.byActivity(chatIds),
      memberships.chatIdsAmong(actor.userId, chatIds),
    ]);
    const byId = new Map(found.map((chat) => [chat._id.toHexString(), chat]));
    for (const id of joined) byId.delete(id.toHexString());
    return open.flatMap(({ chatId, createdAt }) => {
      const chat = byId.get(chatId.toHexString());
      return chat ? [{ chat, createdAt }] : [];
    });
  }

  /**
   * Who asks to be let in, longest waiting first: all of them, as there are at most 500. Members and closed accounts
   * are left out.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN for those who do not manage the members.
   */
  async list(actor: Actor, chatId: string): Promise<JoinRequestView[]> {
    const { clock, directory, memberships, requests } = this.deps;
    await this.assertManager(actor, chatId);
    const open = await requests.ofChat(chatId, new Date(clock.now()), MAX_OPEN.ofChat);
    const userIds = open.map(({ userId }) => userId.toHexString());
    const [cards, members] = await Promise.all([
      directory.cards(userIds),
      open.length === 0
        ? []
        : memberships.userIdsAmong(
            open.slice(0, 1).map((request) => request.chatId),
            userIds,
          ),
    ]);
    const joined = new Set(members);
    return open.flatMap(({ userId, createdAt }: JoinRequestRecord) => {
      const card = cards.get(userId.toHexString());
      return card && !card.isDeactivated && !joined.has(card.id) ? [{ card, createdAt }] : [];
    });
  }

  /**
   * Lets somebody in who has asked. Of several who answer at the same moment each succeeds, or finds no request.
   *
   * @throws {AppError} as {@link list}; NOT_FOUND when there is no request that is open, BANNED.
   */
  async accept(actor: Actor, chatId: string, userId: string): Promise<void> {
    const { changes, clock, requests } = this.deps;
    await this.assertManager(actor, chatId);
    const request = await requests.find(chatId, userId, new Date(clock.now()));
    if (!request || request.rejectedAt) throw notFound('Request');
    // Before the request ends: a node that stops in between leaves one that can be accepted again.
    await changes.add(chatId, [userId], actor.userId);
    await this.end(chatId, userId, 'accepted');
  }

  /**
   * Rejects a request; its sender may ask again a day later.
   *
   * @throws {AppError} as {@link list}; NOT_FOUND when there is no request that is open.
   */
  async reject(actor: Actor, chatId: string, userId: string): Promise<void> {
    await this.assertManager(actor, chatId);
    await this.end(chatId, userId, 'rejected');
  }

  private async end(chatId: string, userId: string, outcome: JoinRequestOutcome): Promise<void> {
    const { bus, clock, requests, roles } = this.deps;
    const now = clock.now();
    const hasEnded =
      outcome === 'rejected'
        ? await requests.reject(chatId, userId, new Date(now), new Date(now + REJECTED_MS))
        : await requests.remove(chatId, userId, new Date(now));
    if (!hasEnded) throw notFound('Request');
    const told = [userId, ...(await roles.managerIds(chatId))];
    bus.emit(
      'join.request_ended',
      { chatId, userId, outcome, audience: audiences.users(told) },
      { scope: 'cluster' },
    );
  }

  private async assertManager(actor: Actor, chatId: string): Promise<void> {
    const refusal = refusalToManage(await this.deps.access.chatRole(actor, chatId));
    if (refusal) throw refusal;
  }
}

const refusalToAsk = (room: ChatRecord): AppError | undefined => {
  const mode = joinModeOf(room);
  if (mode === 'open') return new AppError('CONFLICT', 'This room is open: join it');
  return mode === 'invite' ? forbidden('Only invites lead into this room') : undefined;
};

const alreadyIn = (): AppError => new AppError('CONFLICT', 'You are a member already');

const rejected = (waitMs: number): AppError =>
  new AppError('RATE_LIMITED', 'Your request was rejected; you may ask again later', {
    retryAfter: Math.max(1, Math.ceil(waitMs / 1000)),
  });

const tooMany = (): AppError =>
  new AppError('RATE_LIMITED', 'Too many requests to join wait for an answer', {
    retryAfter: 3600,
  });
