import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { refusalToPost } from '../chats/index.js';
import type { MentionResolver } from './mention-resolver.js';
import { forPolicy } from './message-reader.js';
import type { MessageReader } from './message-reader.js';
import type { Changed, MessageChange } from './message-change.js';
import type { MessageEvents } from './messages.events.js';
import { refusalToEdit } from './messages.policy.js';

/** What editing is built from. */
export interface EditMessageParts {
  access: MessageReader;
  change: MessageChange;
  mentions: MentionResolver;
  bus: Publisher<MessageEvents>;
  clock: Clock;
  /** How long after sending a message may be edited, in seconds; 0 means always. */
  windowSeconds: number;
}

/** Past texts that a message keeps. */
const MAX_EDITS = 100;

/** Changes a message's text; the earlier texts are kept. */
export class EditMessage {
  constructor(private readonly parts: EditMessageParts) {}

  /**
   * Gives a message another text. The same text again changes nothing.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN for others than the sender, GONE for a deleted message,
   *   EDIT_WINDOW_CLOSED, CHAT_NOT_ACCEPTED, BLOCKED.
   */
  async edit(
    actor: Actor,
    input: { messageId: string; content: string; chatId?: string | undefined },
  ): Promise<Changed> {
    const { access, bus, change, clock, mentions, windowSeconds } = this.parts;
    const found = await access.ofMember(actor, input.messageId, input.chatId);
    const refusal =
      refusalToEdit(forPolicy(found.doc), actor.userId, clock.now(), windowSeconds) ??
      refusalToPost(found.chat);
    if (refusal) throw refusal;
    const mentioned = (await mentions.resolve(found.chat, input.content)).map(objectId);
    const result = await change.apply(found, (current) => {
      const tooLate = refusalToEdit(forPolicy(current), actor.userId, clock.now(), windowSeconds);
      if (tooLate) throw tooLate;
      if (current.content === input.content) return undefined;
      const editedAt = new Date(clock.now());
      const past = { content: current.content, at: editedAt };
      return {
        $set: { content: input.content, mentions: mentioned, editedAt },
        $push: { edits: { $each: [past], $slice: -MAX_EDITS } },
      };
    });
    const { changed, ...event } = result;
    if (changed) bus.emit('message.edited', event, { scope: 'cluster' });
    return result;
  }
}
