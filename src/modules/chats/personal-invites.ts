import type { Publisher } from '../../platform/event-bus.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { UserCard } from '../users/index.js';
import type { ChatEvents } from './chats.events.js';
import { chatFacts } from './chats.events.js';
import type { ChatRecord, ChatsRepository } from './chats.repository.js';
import type { InviteRecord, InvitesRepository } from './invites.repository.js';
import { newInviteCode } from './invites.repository.js';
import type { MembershipsRepository } from './memberships.repository.js';

/** An invite as the invited user sees it. */
export interface ReceivedInvite {
  invite: InviteRecord;
  chat: ChatRecord;
  /** Undefined when the account is gone. */
  invitedBy: UserCard | undefined;
}

/** How long somebody has to answer, in milliseconds. */
const VALID_MS = 30 * 24 * 3600_000;
/** Open invites of one user that are listed; nobody reads a longer list. */
const MAX_LISTED = 200;

/**
 * Invites for one user each. People who are added to a group by somebody they have not agreed to be in touch
 * with get such an invite; they join when they accept, as with any other invite.
 */
export class PersonalInvites {
  constructor(
    private readonly deps: {
      invites: InvitesRepository;
      chats: ChatsRepository;
      memberships: MembershipsRepository;
      directory: { cards(userIds: string[]): Promise<Map<string, UserCard>> };
      bus: Publisher<ChatEvents>;
      clock: Clock;
      /** Counts the invites that a user sends. */
      sent: Pick<RateLimiter, 'during'>;
      /** Most open invites to one chat; 0 means no limit. */
      maxOpen: number;
    },
  ) {}

  /**
   * Does what brings people into a chat, and counts the invites that it sends beforehand: each one reaches a stranger.
   * Who has an open invite to the chat already is not counted again, and a request that is refused counts nothing,
   * whoever refuses it.
   *
   * @param userIds who is to be invited.
   * @param chat undefined while it is being made.
   * @throws {AppError} RATE_LIMITED, CONFLICT when the chat would have too many open invites, and what the work throws.
   */
  async whileCounted<T>(
    actor: Actor,
    userIds: string[],
    chat: ChatRecord | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    const fresh = await this.uninvited(userIds, chat);
    return fresh === 0 ? work() : this.deps.sent.during(actor.userId, fresh, work);
  }

  /** How many of the users have no open invite yet. */
  private async uninvited(userIds: string[], chat: ChatRecord | undefined): Promise<number> {
    if (userIds.length === 0) return 0;
    const { clock, invites, maxOpen } = this.deps;
    const now = new Date(clock.now());
    const open = chat ? await invites.openTo(chat._id, now, userIds.length, userIds) : [];
    const fresh = userIds.length - open.length;
    if (fresh === 0 || maxOpen === 0) return fresh;
    const before = chat ? await invites.countOpenTo(chat._id, now, maxOpen) : 0;
    if (before + fresh > maxOpen) {
      throw new AppError('CONFLICT', `There may be ${maxOpen} open invites to a chat at a time`);
    }
    return fresh;
  }

  /**
   * Invites users to a chat, unless they are members or have an open invite; answers who has an open invite
   * now. It checks no rights and no limits: the use case that adds members has done that, see {@link whileCounted}.
   *
   * @param mayRenew whether somebody is invited again who has joined and gone, or has declined a day ago.
   */
  async invite(
    actor: Actor,
    chat: ChatRecord,
    userIds: string[],
    mayRenew: boolean,
  ): Promise<string[]> {
    if (userIds.length === 0) return [];
    const { bus, clock, directory, invites, memberships } = this.deps;
    const chatId = chat._id.toHexString();
    const members = new Set(await memberships.userIdsAmong([chat._id], userIds));
    const invited = userIds.filter((userId) => !members.has(userId));
    if (invited.length === 0) return [];
    const invitedBy = (await directory.cards([actor.userId])).get(actor.userId);
    const now = clock.now();
    for (const invitedUserId of invited) {
      const terms = {
        code: newInviteCode(),
        chatId,
        createdBy: actor.userId,
        invitedUserId,
        createdAt: new Date(now),
        expiresAt: new Date(now + VALID_MS),
      };
      if (!(await invites.invite(terms, mayRenew))) continue;
      bus.emit(
        'invite.created',
        {
          code: terms.code,
          chat: chatFacts(chat),
          invitedBy,
          expiresAt: terms.expiresAt.toISOString(),
          audience: audiences.users([invitedUserId]),
        },
        { scope: 'cluster' },
      );
    }
    return invites.openTo(chat._id, new Date(now), invited.length, invited);
  }

  /** The users with an open invite to a chat. */
  async invitedTo({ _id }: ChatRecord): Promise<string[]> {
    const { clock, invites, memberships } = this.deps;
    const userIds = await invites.openTo(_id, new Date(clock.now()), MAX_LISTED);
    const members = new Set(await memberships.userIdsAmong([_id], userIds));
    return userIds.filter((userId) => !members.has(userId));
  }

  /** The actor's open invites, newest first. */
  async mine(actor: Actor): Promise<ReceivedInvite[]> {
    const { chats, clock, directory, invites, memberships } = this.deps;
    const open = await invites.openOf(actor.userId, new Date(clock.now()), MAX_LISTED);
    const chatIds = open.map(({ chatId }) => chatId);
    const [found, joined, cards] = await Promise.all([
      chats.byActivity(chatIds),
      memberships.chatIdsAmong(actor.userId, chatIds),
      directory.cards(open.map(({ createdBy }) => createdBy.toHexString())),
    ]);
    const byId = new Map(found.map((chat) => [chat._id.toHexString(), chat]));
    for (const id of joined) byId.delete(id.toHexString());
    return open.flatMap((invite) => {
      const chat = byId.get(invite.chatId.toHexString());
      return chat ? [{ invite, chat, invitedBy: cards.get(invite.createdBy.toHexString()) }] : [];
    });
  }

  /**
   * Declines an invite; doing it twice changes nothing.
   *
   * @throws {AppError} NOT_FOUND when the actor has no such invite.
   */
  async decline(actor: Actor, code: string): Promise<void> {
    const { clock, invites } = this.deps;
    if (!(await invites.decline(actor.userId, code, new Date(clock.now())))) {
      throw notFound('Invite');
    }
  }
}
