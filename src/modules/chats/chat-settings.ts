import type { Publisher } from '../../platform/event-bus.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import type { Metadata } from '../../shared/metadata.js';
import { hasMetadata } from '../../shared/metadata.js';
import type { ChatAccess } from './chat-access.js';
import type { ChatEvents } from './chats.events.js';
import type { MemberPositionsRepository, StoredSettings } from './member-positions.repository.js';

/** A member's own settings for a chat; absent fields do not change. */
export interface SettingChanges {
  /** Silent until then; null ends it. */
  mutedUntil?: Date | null;
  /** On top of the lists. */
  isPinned?: boolean;
  /** Shown as unread, whatever has been read; reading ends it. */
  isMarkedUnread?: boolean;
  /** Data of the member's own; null, or an empty object, takes away what there is. */
  metadata?: Metadata | null;
}

/** A member's own settings for a chat, which nobody else sees. */
export class ChatSettings {
  constructor(
    private readonly deps: {
      positions: MemberPositionsRepository;
      access: ChatAccess;
      bus: Publisher<ChatEvents>;
      clock: Clock;
      /** Number of the chat's newest message. */
      newestSeq(chatId: string): Promise<number>;
    },
  ) {}

  /**
   * Mutes, pins, or marks as unread.
   *
   * @throws {AppError} NOT_FOUND for non-members.
   */
  async change(actor: Actor, chatId: string, changes: SettingChanges): Promise<void> {
    const { mutedUntil, isPinned, isMarkedUnread, metadata } = changes;
    await this.update(actor, chatId, {
      ...(mutedUntil !== undefined && { mutedUntil }),
      ...(isPinned !== undefined && { pinnedAt: isPinned ? this.now() : null }),
      ...(isMarkedUnread !== undefined && { markedUnread: isMarkedUnread }),
      ...(metadata !== undefined && { metadata: hasMetadata(metadata) ? metadata : null }),
    });
  }

  /**
   * Takes the chat out of the active list, until the member brings it back or, unless it is muted, the next
   * message.
   *
   * @throws {AppError} NOT_FOUND for non-members.
   */
  async archive(actor: Actor, chatId: string): Promise<void> {
    await this.deps.access.member(actor.userId, chatId);
    const archivedSeq = await this.deps.newestSeq(chatId);
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
   * Deletes the chat for the actor: its history up to now, and the chat from the lists until the next
   * message. The others keep both.
   *
   * @throws {AppError} NOT_FOUND for non-members.
   */
  async remove(actor: Actor, chatId: string): Promise<void> {
    await this.deps.access.member(actor.userId, chatId);
    const seq = await this.deps.newestSeq(chatId);
    await this.deps.positions.clear(chatId, actor.userId, seq);
    this.deps.bus.emit(
      'chat.cleared',
      { chatId, userId: actor.userId, seq, audience: audiences.users([actor.userId]) },
      { scope: 'cluster' },
    );
  }

  private now(): Date {
    return new Date(this.deps.clock.now());
  }

  private async update(actor: Actor, chatId: string, settings: StoredSettings): Promise<void> {
    await this.deps.access.member(actor.userId, chatId);
    await this.deps.positions.changeSettings(chatId, actor.userId, settings);
    this.deps.bus.emit(
      'chat.settings_changed',
      { chatId, userId: actor.userId, audience: audiences.users([actor.userId]) },
      { scope: 'cluster' },
    );
  }
}
