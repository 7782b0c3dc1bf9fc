import type { Config } from '../../config/index.js';
import type { Publisher } from '../../platform/event-bus.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import { SYSTEM_USER_ID } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, invalidInput, notFound } from '../../shared/errors.js';
import type { Metadata } from '../../shared/metadata.js';
import { hasMetadata } from '../../shared/metadata.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { BlocksRepository } from './blocks.repository.js';
import type { ChatAccess } from './chat-access.js';
import type { ChatStatus } from './chat.model.js';
import type { ChatEvents } from './chats.events.js';
import { chatFacts } from './chats.events.js';
import { externalIdTaken, refusalToAnswer } from './chats.policy.js';
import type { ChatRecord, ChatsRepository } from './chats.repository.js';
import type { MemberRolesRepository } from './member-roles.repository.js';
import type { MembershipsRepository } from './memberships.repository.js';

/** How a direct chat starts: waiting for the recipient, or open at once. */
export type Opening = 'request' | 'open';

/** Data of the product that makes a chat by a server key. */
export interface DirectChatData {
  externalId?: string | undefined;
  metadata?: Metadata | undefined;
}

/** One chat per pair of people, and the request that opens it. */
export class DirectChats {
  constructor(
    private readonly deps: {
      chats: ChatsRepository;
      memberships: MembershipsRepository;
      roles: MemberRolesRepository;
      blocks: BlocksRepository;
      access: ChatAccess;
      bus: Publisher<ChatEvents>;
      accessChanges: AccessChangePoster;
      directory: { exists(userId: string): Promise<boolean> };
      newConversations: RateLimiter;
      config: Pick<Config, 'chatRequests'>;
      clock: Clock;
    },
  ) {}

  /**
   * The chat between the actor and another user, made when there is none. One that exists is returned
   * as it is: opening it again never changes whether it is accepted.
   *
   * @param opening how a chat that does not exist yet starts; `CHAT_REQUESTS=required` makes every
   *   start a request, except `force`, which admins' direct messages and server keys use.
   * @throws {AppError} NOT_FOUND for an unknown user, VALIDATION for oneself, BLOCKED, RATE_LIMITED.
   */
  async getOrCreate(
    actor: Actor,
    otherId: string,
    opening: Opening | 'force',
  ): Promise<{ chat: ChatRecord; created: boolean }> {
    if (otherId === actor.userId) {
      throw invalidInput('recipientId', 'somebody else than yourself');
    }
    const existing = await this.deps.chats.byPair(actor.userId, otherId);
    if (existing && !(opening === 'force' && existing.status !== 'accepted')) {
      await this.ensureMemberships(existing);
      return { chat: existing, created: false };
    }
    await this.assertCanOpen(actor, otherId, opening);
    if (existing) {
      await this.announce(actor.userId, existing._id.toHexString());
      return { chat: await this.forceOpen(existing), created: false };
    }
    const { chat, created } = await this.ensure(actor.userId, otherId, this.initialStatus(opening));
    await this.ensureMemberships(chat);
    if (created) {
      this.deps.bus.emit(
        'chat.created',
        {
          chat: chatFacts(chat),
          memberIds: [actor.userId, otherId],
          audience: audiences.users([actor.userId, otherId]),
        },
        { scope: 'cluster' },
      );
    }
    return { chat, created };
  }

  /**
   * Gives a chat an external id and metadata; what it has already stays.
   *
   * @throws {AppError} CONFLICT when the chat has another external id, or another chat has this one.
   */
  async describe(chat: ChatRecord, { externalId, metadata }: DirectChatData): Promise<ChatRecord> {
    if (externalId !== undefined && (chat.externalId ?? externalId) !== externalId) {
      throw new AppError('CONFLICT', 'This direct chat has another externalId already');
    }
    const fields = {
      ...(externalId !== undefined && !chat.externalId && { externalId }),
      ...(hasMetadata(metadata) && !chat.metadata && { metadata }),
    };
    if (Object.keys(fields).length === 0) return chat;
    await this.announce(SYSTEM_USER_ID, chat._id.toHexString());
    const described = await this.deps.chats.describe(chat._id, fields);
    if (!described) throw externalIdTaken();
    this.emitUpdated(described);
    return described;
  }

  /** The id of the chat between two users; undefined while they have none. */
  async existing(userId: string, otherId: string): Promise<string | undefined> {
    return (await this.deps.chats.byPair(userId, otherId))?._id.toHexString();
  }

  /**
   * Accepts or rejects a request. Doing it twice changes nothing; a rejected request may be accepted
   * later.
   *
   * @throws {AppError} NOT_FOUND for people outside the chat, FORBIDDEN for its initiator, CONFLICT for
   *   rejecting what has been accepted.
   */
  async answer(actor: Actor, chatId: string, answer: 'accepted' | 'rejected'): Promise<void> {
    const { chat } = await this.deps.access.member(actor.userId, chatId);
    const refusal = refusalToAnswer(chat, actor.userId);
    if (refusal) throw refusal;
    await this.announce(actor.userId, chatId);
    const before = await this.deps.chats.answer(chatId, answer);
    if (!before) {
      throw new AppError('CONFLICT', 'This chat is already accepted; block or delete it instead');
    }
    const isKnown = answer === 'rejected' || before.isAnswered === true;
    if (before.status === answer && isKnown) return;
    this.deps.bus.emit(
      'chat.answered',
      {
        chat: chatFacts({ ...before, status: answer }),
        userId: actor.userId,
        audience: audiences.users((before.participants ?? []).map((id) => id.toHexString())),
      },
      { scope: 'cluster' },
    );
  }

  /** Before a write to the chat: nodes keep chats for a while, and one that hears no event must learn of it, too. */
  private announce(userId: string, chatId: string): Promise<void> {
    return this.deps.accessChanges.post([{ kind: 'chat', userId, chatId }]);
  }

  private initialStatus(opening: Opening | 'force'): ChatStatus {
    if (opening === 'force') return 'accepted';
    return opening === 'request' || this.deps.config.chatRequests === 'required'
      ? 'pending'
      : 'accepted';
  }

  private async assertCanOpen(actor: Actor, otherId: string, opening: string): Promise<void> {
    const [userExists, isBlocked] = await Promise.all([
      this.deps.directory.exists(otherId),
      this.deps.blocks.existsBetween(actor.userId, otherId),
    ]);
    if (!userExists) throw notFound('User');
    if (opening === 'force') return;
    if (isBlocked) throw new AppError('BLOCKED', 'You cannot open a chat with this user');
    await this.deps.newConversations.consume(actor.userId);
  }

  private async forceOpen(chat: ChatRecord): Promise<ChatRecord> {
    const updated = await this.deps.chats.accept(chat._id);
    if (!updated) throw notFound('Chat');
    await this.ensureMemberships(updated);
    this.emitUpdated(updated);
    return updated;
  }

  private emitUpdated(chat: ChatRecord): void {
    this.deps.bus.emit(
      'chat.updated',
      { chat: chatFacts(chat), audience: audiences.chat(chat._id.toHexString()) },
      { scope: 'cluster' },
    );
  }

  private async ensure(
    initiator: string,
    otherId: string,
    status: ChatStatus,
  ): Promise<{ chat: ChatRecord; created: boolean }> {
    const createdAt = new Date(this.deps.clock.now());
    const ensured = await this.deps.chats.ensureDirect(initiator, otherId, { status, createdAt });
    if (!ensured) throw notFound('Chat');
    return ensured;
  }

  /** Idempotent, so that a chat whose maker crashed half-way is completed by the next caller. */
  private async ensureMemberships(chat: ChatRecord): Promise<void> {
    const { accessChanges, clock, memberships, roles } = this.deps;
    const participants = chat.participants ?? [];
    if ((await memberships.count(chat._id)) === participants.length) return;
    await accessChanges.post(
      participants.map((id) => ({
        kind: 'member',
        userId: id.toHexString(),
        chatId: chat._id.toHexString(),
      })),
    );
    await roles.ensureAll(chat._id, participants, new Date(clock.now()));
  }
}
