import type { UpdateQuery } from 'mongoose';
import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import type { AccessModels, ChatAccess } from './chat-access.js';
import type { ChatEvents } from './chats.events.js';
import type { MembershipDoc } from './membership.model.js';

/** A member's own settings for a chat; what is left out stays. */
export interface SettingChanges {
  /** Silent until then; null ends it. */
  mutedUntil?: Date | null;
  /** On top of the lists. */
  isPinned?: boolean;
  /** Shown as unread, whatever has been read; reading ends it. */
  isMarkedUnread?: boolean;
}

/** What settings are built from. */
export interface ChatSettingsParts {
  models: AccessModels;
  access: ChatAccess;
  bus: Publisher<ChatEvents>;
  clock: Clock;
  /** Number of the chat's newest message. */
  newestSeq(chatId: string): Promise<number>;
}

/** What a member does with a chat for themselves: nobody else sees any of it. */
export class ChatSettings {
  constructor(private readonly parts: ChatSettingsParts) {}

  /**
   * Mutes, pins, or marks as unread.
   *
   * @throws {AppError} NOT_FOUND for non-members.
   */
  async change(actor: Actor, chatId: string, changes: SettingChanges): Promise<void> {
    const { mutedUntil, isPinned, isMarkedUnread } = changes;
    await this.update(actor, chatId, {
      ...(mutedUntil !== undefined && { mutedUntil }),
      ...(isPinned !== undefined && { pinnedAt: isPinned ? this.now() : null }),
      ...(isMarkedUnread !== undefined && { markedUnread: isMarkedUnread }),
    });
  }

  /**
   * Takes the chat out of the active list, until it is brought back or, unless it is muted, a message
   * comes.
   *
   * @throws {AppError} NOT_FOUND for non-members.
   */
  async archive(actor: Actor, chatId: string): Promise<void> {
    await this.parts.access.member(actor.userId, chatId);
    const archivedSeq = await this.parts.newestSeq(chatId);
    await this.update(actor, chatId, { archivedSeq, archivedAt: this.now() });
  }

  /**
   * Brings the chat back into the active list.
   *
   * @throws {AppError} NOT_FOUND for non-members.
   */
  async unarchive(actor: Actor, chatId: string): Promise<void> {
    await this.update(actor, chatId, { archivedSeq: null, archivedAt: null });
  }

  /**
   * Deletes the chat for the actor: its history up to now, and the chat from the lists until a message
   * comes. The others keep both.
   *
   * @throws {AppError} NOT_FOUND for non-members.
   */
  async remove(actor: Actor, chatId: string): Promise<void> {
    await this.parts.access.member(actor.userId, chatId);
    const seq = await this.parts.newestSeq(chatId);
    await this.parts.models.memberships.updateOne(
      { chatId: objectId(chatId), userId: objectId(actor.userId) },
      {
        // Two devices at once: the later position holds.
        $max: { clearedSeq: seq, hiddenSeq: seq },
        $set: { archivedSeq: null, archivedAt: null, pinnedAt: null, markedUnread: false },
      },
    );
    this.parts.bus.emit(
      'chat.cleared',
      { chatId, userId: actor.userId, seq, audience: audiences.users([actor.userId]) },
      { scope: 'cluster' },
    );
  }

  private now(): Date {
    return new Date(this.parts.clock.now());
  }

  private async update(
    actor: Actor,
    chatId: string,
    $set: UpdateQuery<MembershipDoc>['$set'],
  ): Promise<void> {
    await this.parts.access.member(actor.userId, chatId);
    await this.parts.models.memberships.updateOne(
      { chatId: objectId(chatId), userId: objectId(actor.userId) },
      { $set },
    );
    this.parts.bus.emit(
      'chat.settings_changed',
      { chatId, userId: actor.userId, audience: audiences.users([actor.userId]) },
      { scope: 'cluster' },
    );
  }
}
