import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { Actor } from '../../shared/actor.js';
import { audiences } from '../../shared/audience.js';
import type { ChatAccess, Contacts } from '../chats/index.js';
import { canShareSignals, hiddenFrom } from '../chats/index.js';
import type { MessageEvents } from '../messages/index.js';
import type { UserCard } from '../users/index.js';
import type { TypingEvent, TypingEvents } from './presence.events.js';

interface Indicator {
  event: TypingEvent;
  timer: NodeJS.Timeout;
}

/** Typing indicators. They are kept by the node of the one who types, and end by themselves. */
export class Typing {
  private readonly indicators = new Map<string, Indicator>();

  constructor(
    private readonly deps: {
      access: Pick<ChatAccess, 'member'>;
      directory: { card(userId: string): Promise<UserCard | undefined> };
      contacts: Pick<Contacts, 'blocksOf'>;
      bus: Publisher<TypingEvents>;
      /** How long an indicator lasts without being renewed, in milliseconds. */
      expiresMs: number;
    },
  ) {}

  readonly subscriptions: Subscription<Pick<MessageEvents, 'message.sent'>>[] = [
    {
      event: 'message.sent',
      // Before the delivery: an indicator that outlived the message would be of a next one.
      phase: 'state',
      on: 'origin',
      does: "ends the sender's typing indicator",
      run: ({ message }) => {
        this.stopNow(message.senderId, message.chatId);
      },
    },
  ];

  /**
   * Shows that the actor types in a chat, or renews that.
   *
   * @throws {AppError} NOT_FOUND for non-members. Where signals are not shared, nothing is shown.
   */
  async start(actor: Actor, chatId: string): Promise<void> {
    const { chat, silence, isShadowed } = await this.deps.access.member(actor.userId, chatId);
    if (!canShareSignals(chat) || silence || isShadowed) return;
    const [user, hidden] = await Promise.all([
      this.deps.directory.card(actor.userId),
      hiddenFrom(chat, actor.userId, this.deps.contacts),
    ]);
    if (!user) return;
    const key = keyOf(actor.userId, chatId);
    const isRenewal = this.clear(key) !== undefined;
    const event = {
      chatId,
      user,
      audience: audiences[chat.members ? 'chat' : 'viewers'](chatId, [actor.userId, ...hidden]),
    };
    const timer = setTimeout(() => {
      this.end(key);
    }, this.deps.expiresMs);
    timer.unref();
    this.indicators.set(key, { event, timer });
    if (!isRenewal) this.deps.bus.emit('typing.started', event, { scope: 'cluster' });
  }

  /**
   * Shows that the actor has stopped.
   *
   * @throws {AppError} NOT_FOUND for non-members.
   */
  async stop(actor: Actor, chatId: string): Promise<void> {
    await this.deps.access.member(actor.userId, chatId);
    this.end(keyOf(actor.userId, chatId));
  }

  /** Ends an indicator without a check: the user has sent the message or closed the chat. */
  stopNow(userId: string, chatId: string): void {
    this.end(keyOf(userId, chatId));
  }

  private end(key: string): void {
    const indicator = this.clear(key);
    if (indicator) this.deps.bus.emit('typing.stopped', indicator.event, { scope: 'cluster' });
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
