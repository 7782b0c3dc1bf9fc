import type { Actor } from '../../shared/actor.js';
import { forPolicy } from './message-reader.js';
import type { MessageReader } from './message-reader.js';
import { refusalToUse } from './messages.policy.js';
import type { SendMessage } from './send-message.js';
import type { Sent } from './send-message.types.js';

/** What to forward, and where to. */
export interface ForwardInput {
  messageId: string;
  chatIds: string[];
  /** Makes a retry safe; the same in every target chat. */
  clientMessageId?: string | undefined;
}

/** Sends a message on to other chats, with a note of where it came from. */
export class ForwardMessage {
  constructor(
    private readonly access: MessageReader,
    private readonly sender: SendMessage,
  ) {}

  /**
   * Forwards a message that the actor may see, one chat after the other.
   *
   * @throws {AppError} NOT_FOUND for the message or a target, GONE, and all that sending throws; what
   *   was sent before the failing target stays sent, and a retry does not send it twice.
   */
  async forward(actor: Actor, input: ForwardInput): Promise<Sent[]> {
    const { doc } = await this.access.seen(actor, input.messageId);
    const refusal = refusalToUse(forPolicy(doc));
    if (refusal) throw refusal;
    const origin = doc.forwardedFrom ?? { senderId: doc.senderId, messageId: doc._id };
    const sent: Sent[] = [];
    for (const chatId of new Set(input.chatIds)) {
      sent.push(
        await this.sender.send(actor, {
          chatId,
          content: doc.content,
          messageType: doc.messageType,
          media: doc.media,
          clientMessageId: input.clientMessageId,
          forwarded: {
            fromChatId: doc.chatId.toHexString(),
            senderId: origin.senderId.toHexString(),
            messageId: origin.messageId.toHexString(),
          },
        }),
      );
    }
    return sent;
  }
}
