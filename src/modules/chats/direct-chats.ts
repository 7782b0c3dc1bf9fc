import { trusted } from 'mongoose';
import type { Config } from '../../config/index.js';
import { isDuplicateKey } from '../../platform/driver-error.js';
import type { Publisher } from '../../platform/event-bus.js';
import { equalText } from '../../platform/typed-index.js';
import { objectId } from '../../platform/object-id.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { AccessModels, ChatAccess } from './chat-access.js';
import { chatFacts } from './chat-facts.js';
import type { ChatDoc, ChatStatus } from './chat.model.js';
import type { ChatEvents } from './chats.events.js';
import { refusalToAnswer } from './chats.policy.js';
import { NEW_MEMBERSHIP } from './memberships.repository.js';

/** How a direct chat starts: waiting for the recipient, or open at once. */
export type Opening = 'request' | 'open';

/** Says whether a user exists and can be written to. */
export interface UserExists {
  exists(userId: string): Promise<boolean>;
}

/** What direct chats are built from. */
export interface DirectChatsParts {
  models: AccessModels;
  access: ChatAccess;
  bus: Publisher<ChatEvents>;
  accessChanges: AccessChangePoster;
  users: UserExists;
  newConversations: RateLimiter;
  config: Pick<Config, 'chatRequests'>;
  clock: Clock;
}

/** One chat per pair of people, and the request that opens it. */
export class DirectChats {
  constructor(private readonly parts: DirectChatsParts) {}

  /**
   * The chat between the actor and another user, made when there is none. One that exists is returned
   * as it is: opening it again never changes whether it is accepted.
   *
   * @param opening how a chat that does not exist yet starts; `CHAT_REQUESTS=required` makes every
   *   start a request, except `force`, which admins' direct messages use.
   * @throws {AppError} NOT_FOUND for an unknown user, VALIDATION for oneself, BLOCKED, RATE_LIMITED.
   */
  async getOrCreate(
    actor: Actor,
    otherId: string,
    opening: Opening | 'force',
  ): Promise<{ chat: ChatDoc; created: boolean }> {
    if (otherId === actor.userId) {
      throw new AppError('VALIDATION', 'You cannot open a chat with yourself', {
        errors: [{ path: 'recipientId', message: 'must be another user' }],
      });
    }
    const existing = await this.findByPair(actor.userId, otherId);
    if (existing && !(opening === 'force' && existing.status !== 'accepted')) {
      await this.ensureMemberships(existing);
      return { chat: existing, created: false };
    }
    await this.assertCanOpen(actor, otherId, opening);
    if (existing) return { chat: await this.forceOpen(existing), created: false };
    const { chat, created } = await this.upsert(actor.userId, otherId, this.initialStatus(opening));
    await this.ensureMemberships(chat);
    if (created) {
      this.parts.bus.emit(
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

  /** The id of the chat between two users; undefined while they have none. */
  async existing(userId: string, otherId: string): Promise<string | undefined> {
    return (await this.findByPair(userId, otherId))?._id.toHexString();
  }

  /**
   * Accepts or rejects a request. Doing it twice changes nothing; a rejected request may be accepted
   * later.
   *
   * @throws {AppError} NOT_FOUND for people outside the chat, FORBIDDEN for its initiator, CONFLICT for
   *   rejecting what has been accepted.
   */
  async answer(actor: Actor, chatId: string, answer: 'accepted' | 'rejected'): Promise<void> {
    const { chat } = await this.parts.access.member(actor.userId, chatId);
    const refusal = refusalToAnswer(chat, actor.userId);
    if (refusal) throw refusal;
    // Decided by the write: another device, on another node, may just have given the other answer.
    const before = await this.parts.models.chats
      .findOneAndUpdate(
        {
          _id: objectId(chatId),
          ...(answer === 'rejected' && { status: trusted({ $ne: 'accepted' as const }) }),
        },
        { $set: { status: answer } },
        { returnDocument: 'before' },
      )
      .lean();
    if (!before) {
      throw new AppError('CONFLICT', 'This chat is already accepted; block or delete it instead');
    }
    if (before.status === answer) return;
    this.parts.bus.emit(
      'chat.answered',
      {
        chat: chatFacts({ ...before, status: answer }),
        userId: actor.userId,
        audience: audiences.users((before.participants ?? []).map((id) => id.toHexString())),
      },
      { scope: 'cluster' },
    );
  }

  private initialStatus(opening: Opening | 'force'): ChatStatus {
    if (opening === 'force') return 'accepted';
    return opening === 'request' || this.parts.config.chatRequests === 'required'
      ? 'pending'
      : 'accepted';
  }

  private async assertCanOpen(actor: Actor, otherId: string, opening: string): Promise<void> {
    const [userExists, block] = await Promise.all([
      this.parts.users.exists(otherId),
      this.parts.models.blocks.exists({
        $or: [
          { blockerId: objectId(actor.userId), blockedId: objectId(otherId) },
          { blockerId: objectId(otherId), blockedId: objectId(actor.userId) },
        ],
      }),
    ]);
    if (!userExists) throw notFound('User');
    if (opening === 'force') return;
    if (block) throw new AppError('BLOCKED', 'You cannot open a chat with this user');
    await this.parts.newConversations.consume(actor.userId);
  }

  private findByPair(a: string, b: string): Promise<ChatDoc | null> {
    return this.parts.models.chats.findOne({ directKey: equalText(directKey(a, b)) }).lean();
  }

  private async forceOpen(chat: ChatDoc): Promise<ChatDoc> {
    const updated = await this.parts.models.chats
      .findOneAndUpdate(
        { _id: chat._id },
        { $set: { status: 'accepted' } },
        { returnDocument: 'after' },
      )
      .lean();
    if (!updated) throw notFound('Chat');
    await this.ensureMemberships(updated);
    this.parts.bus.emit(
      'chat.updated',
      { chat: chatFacts(updated), audience: audiences.chat(updated._id.toHexString()) },
      { scope: 'cluster' },
    );
    return updated;
  }

  /** One atomic upsert on the pair's unique key; a loser of the race finds the winner's chat. */
  private async upsert(
    initiator: string,
    otherId: string,
    status: ChatStatus,
  ): Promise<{ chat: ChatDoc; created: boolean }> {
    const key = directKey(initiator, otherId);
    const participants = [initiator, otherId].sort().map(objectId);
    try {
      const result = await this.parts.models.chats.findOneAndUpdate(
        { directKey: equalText(key) },
        {
          $setOnInsert: {
            kind: 'direct',
            status,
            initiator: objectId(initiator),
            participants,
            lastSeq: 0,
            lastMessage: null,
            lastMessageAt: new Date(this.parts.clock.now()),
          },
        },
        { upsert: true, returnDocument: 'after', lean: true, includeResultMetadata: true },
      );
      if (!result.value) throw notFound('Chat');
      return {
        chat: result.value as ChatDoc,
        created: result.lastErrorObject?.updatedExisting === false,
      };
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      const winner = await this.findByPair(initiator, otherId);
      if (!winner) throw error;
      return { chat: winner, created: false };
    }
  }

  /** Idempotent, so that a chat whose maker crashed half-way is completed by the next caller. */
  private async ensureMemberships(chat: ChatDoc): Promise<void> {
    const participants = chat.participants ?? [];
    const known = await this.parts.models.memberships.countDocuments({ chatId: chat._id });
    if (known === participants.length) return;
    await this.parts.accessChanges.post(
      participants.map((id) => ({
        kind: 'member',
        userId: id.toHexString(),
        chatId: chat._id.toHexString(),
      })),
    );
    const joinedAt = new Date(this.parts.clock.now());
    await this.parts.models.memberships
      .bulkWrite(
        participants.map((userId) => ({
          updateOne: {
            filter: { chatId: chat._id, userId },
            update: { $setOnInsert: { ...NEW_MEMBERSHIP, joinedAt } },
            upsert: true,
          },
        })),
        { ordered: false },
      )
      .catch((error: unknown) => {
        // Somebody else has just made the same row.
        if (!isDuplicateKey(error)) throw error;
      });
  }
}

const directKey = (a: string, b: string): string => [a, b].sort().join(':');
