import type { Actor } from '../../shared/actor.js';
import type { UseCases } from '../shared/use-cases.js';
import { DirectChatIds } from '../shared/direct-chat-ids.js';
import { presentMessage } from './v0.shapes.js';
import type { SendBody } from './v0.schemas.js';

/** Translates v0's requests about persons and messages into calls about chats, for REST and sockets alike. */
export class V0Calls {
  private readonly chatIds: DirectChatIds;

  constructor(private readonly services: UseCases) {
    this.chatIds = new DirectChatIds(services.directChats);
  }

  /** Sends to a person; answers with the message as v0 shows it. */
  async send(actor: Actor, body: SendBody) {
    const { receiverId, message = '', media = [], ...more } = body;
    const chatId = await this.chatIds.open(actor, receiverId);
    const sent = await this.services.sending.send(actor, {
      ...more,
      chatId,
      content: message,
      media,
    });
    const view = { message: sent.message, sender: sent.sender, status: 'sent' as const };
    return {
      data: presentMessage(view, [actor.userId, receiverId]),
      isReplay: sent.isReplay,
    };
  }

  /** Shows the person that the actor types, or has stopped; nothing happens while they have no chat. */
  async typing(actor: Actor, receiverId: string, isTyping: boolean): Promise<void> {
    const chatId = await this.chatIds.find(actor, receiverId);
    if (chatId === undefined) return;
    await this.services.typing[isTyping ? 'start' : 'stop'](actor, chatId);
  }

  /** Reads up to a message, in whatever chat it is. */
  async readMessage(actor: Actor, messageId: string) {
    const { message } = await this.services.history.one(actor, messageId);
    return this.read(actor, message.chatId, [messageId]);
  }

  /** Deletes a message: its sender for everyone, anybody else for themselves. */
  async remove(actor: Actor, messageId: string) {
    const { message } = await this.services.history.one(actor, messageId);
    const deleteForEveryone = message.senderId === actor.userId;
    await this.services.messageChanges.delete(actor, {
      messageIds: [messageId],
      deleteForEveryone,
    });
    return { messageId, conversationId: message.chatId, deletedForEveryone: deleteForEveryone };
  }

  /** Reads some messages of a conversation, or all. */
  async read(actor: Actor, conversationId: string, messageIds?: string[]) {
    const { lastReadSeq, messageIds: covered } = await this.services.receipts.markRead(
      actor,
      conversationId,
      { messageIds },
    );
    return { conversationId, lastReadSeq, messageIds: covered };
  }
}
