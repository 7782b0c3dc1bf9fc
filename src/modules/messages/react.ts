import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import { refusalToPost } from '../chats/index.js';
import { canonicalEmoji } from './emoji.js';
import { forPolicy } from './message-reader.js';
import type { MessageReader } from './message-reader.js';
import type { Changed, MessageChange } from './message-change.js';
import type { MessageDoc } from './message.model.js';
import type { MessageEvents } from './messages.events.js';
import { refusalToUse } from './messages.policy.js';

/** What reacting is built from. */
export interface ReactParts {
  access: MessageReader;
  change: MessageChange;
  bus: Publisher<MessageEvents>;
  clock: Clock;
}

/** A reaction to add, remove or turn over. */
export interface ReactionInput {
  messageId: string;
  emoji: string;
  chatId?: string | undefined;
}

/** What to do about a reaction; `toggle` does whichever changes something. */
export type ReactionAction = 'add' | 'remove' | 'toggle';

/** What reacting led to. */
export interface Reacted extends Changed {
  /** Whether the reaction is there now. */
  isOn: boolean;
  /** As stored. */
  emoji: string;
}

/** Different emoji that one user may put on one message. */
const MAX_PER_USER = 20;

/** Adds and removes reactions: one per user and emoji. */
export class React {
  constructor(private readonly parts: ReactParts) {}

  /**
   * Adds, removes or toggles the actor's reaction. What is already so changes nothing.
   *
   * @throws {AppError} NOT_FOUND, VALIDATION for what is not one emoji, GONE, CHAT_NOT_ACCEPTED,
   *   BLOCKED, CONFLICT when the actor has put too many on this message.
   */
  async react(actor: Actor, action: ReactionAction, input: ReactionInput): Promise<Reacted> {
    const { access, bus, change, clock } = this.parts;
    const emoji = canonicalEmoji(input.emoji);
    if (emoji === undefined) throw notAnEmoji();
    const found = await access.ofMember(actor, input.messageId, input.chatId);
    const refusal = refusalToPost(found.chat);
    if (refusal) throw refusal;
    let isOn = false;
    const result = await change.apply(found, (current) => {
      const unfit = refusalToUse(forPolicy(current));
      if (unfit) throw unfit;
      const mine = reactionsBy(current, actor.userId);
      const has = mine.includes(emoji);
      isOn = action === 'toggle' ? !has : action === 'add';
      if (isOn === has) return undefined;
      if (isOn && mine.length >= MAX_PER_USER) throw tooMany();
      const userId = objectId(actor.userId);
      return isOn
        ? { $push: { reactions: { userId, emoji, at: new Date(clock.now()) } } }
        : { $pull: { reactions: { userId, emoji } } };
    });
    const { changed, ...event } = result;
    if (changed) {
      bus.emit(
        isOn ? 'reaction.added' : 'reaction.removed',
        {
          ...event,
          userId: actor.userId,
          emoji,
        },
        { scope: 'cluster' },
      );
    }
    return { ...result, isOn, emoji };
  }
}

const reactionsBy = (message: MessageDoc, userId: string): string[] =>
  message.reactions.filter((reaction) => reaction.userId.equals(userId)).map(({ emoji }) => emoji);

const notAnEmoji = (): AppError =>
  new AppError('VALIDATION', 'emoji must be exactly one emoji', {
    errors: [{ path: 'emoji', message: 'must be exactly one emoji' }],
  });

const tooMany = (): AppError =>
  new AppError('CONFLICT', `You can put at most ${MAX_PER_USER} emoji on one message`);
