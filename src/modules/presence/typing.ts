import type { Publisher } from '../../platform/event-bus.js';
import type { Actor } from '../../shared/actor.js';
import { audiences } from '../../shared/audience.js';
import type { ChatAccess } from '../chats/index.js';
import { canShareSignals } from '../chats/index.js';
import type { UserCard } from '../users/index.js';
import type { TypingEvent, TypingEvents } from './typing.events.js';

/** What typing is built from. */
export interface TypingParts {
  access: ChatAccess;
  directory: { card(userId: string): Promise<UserCard | undefined> };
  bus: Publisher<TypingEvents>;
  /** How long an indicator lasts without being renewed, in milliseconds. */
  expiresMs: number;
}

interface Indicator {
  event: TypingEvent;
  timer: NodeJS.Timeout;
}

/** Typing indicators. They live on the node of the one who types, and end by themselves. */
export class Typing {
  private readonly indicators = new Map<string, Indicator>();

  constructor(private readonly parts: TypingParts) {}

  /**
   * Shows that the actor types in a chat, or renews that.
   *
   * @throws {AppError} NOT_FOUND for non-members. Where signals are not shared, nothing is shown.
   */
  async start(actor: Actor, chatId: string): Promise<void> {
    const { chat } = await this.parts.access.member(actor.userId, chatId);
    if (!canShareSignals(chat)) return;
    const user = await this.parts.directory.card(actor.userId);
    if (!user) return;
    const key = keyOf(actor.userId, chatId);
    const isRenewal = this.clear(key) !== undefined;
    const event = {
      chatId,
      user,
      audience: audiences[chat.members ? 'chat' : 'viewers'](chatId, [actor.userId]),
    };
    const timer = setTimeout(() => {
      this.end(key);
    }, this.parts.expiresMs);
    timer.unref();
    this.indicators.set(key, { event, timer });
    if (!isRenewal) this.parts.bus.emit('typing.started', event, { scope: 'cluster' });
  }

  /**
   * Shows that the actor has stopped.
   *
   * @throws {AppError} NOT_FOUND for non-members.
   */
  async stop(actor: Actor, chatId: string): Promise<void> {
    await this.parts.access.member(actor.userId, chatId);
    this.end(keyOf(actor.userId, chatId));
  }

  /** Ends an indicator without asking: a message was sent, or the user has gone. */
  stopNow(userId: string, chatId: string): void {
    this.end(keyOf(userId, chatId));
  }

  private end(key: string): void {
    const indicator = this.clear(key);
    if (indicator) this.parts.bus.emit('typing.stopped', indicator.event, { scope: 'cluster' });
  }

  private clear(key: string): Indicator | undefined {
    const indicator = this.indicators.get(key);
    if (!indicator) return undefined;
    clearTimeout(indicator.timer);
    this.indicators.delete(key);
    return indicator;
  }
}

const keyOf = (userId: string, chatId: string): string => `${chatId}:${userId}`;
