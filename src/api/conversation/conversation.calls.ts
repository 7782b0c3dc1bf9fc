import type { Actor } from '../../shared/actor.js';
import type { PageQuery } from '../../shared/pagination.js';
import type { UseCases } from '../shared/use-cases.js';
import { presentMessage } from './conversation.shapes.js';
import type { DeletePayload, ReadBody, SendBody } from './conversation.schemas.js';

/** Translates the conversation dialect's requests into calls of use cases, for REST and sockets alike. */
export class ConversationCalls {
  constructor(private readonly services: UseCases) {}

  /** Sends a message; answers with it as the dialect shows it. */
  async send(actor: Actor, body: SendBody) {
    const { conversationId, text = '', media = [], ...more } = body;
    const sent = await this.services.sending.send(actor, {
      ...more,
      chatId: conversationId,
      content: text,
      media,
    });
    const view = { message: sent.message, sender: sent.sender, status: 'sent' as const };
    return { data: presentMessage(view), isReplay: sent.isReplay };
  }

  /** Messages of a conversation. Fetched messages count as delivered. */
  async messages(actor: Actor, conversationId: string, page: PageQuery) {
    const { views, pagination } = await this.services.history.list(actor, conversationId, page);
    const newest = views.at(-1);
    if (newest) {
      await this.services.receipts.markDelivered(conversationId, actor.userId, newest.message.seq);
    }
    return { data: views.map(presentMessage), pagination };
  }

  /** Deletes a message for everyone, or for the actor alone. */
  async remove(actor: Actor, { messageId, conversationId, deleteForEveryone }: DeletePayload) {
    const [deleted] = await this.services.messageChanges.delete(actor, {
      messageIds: [messageId],
      chatId: conversationId,
      deleteForEveryone,
    });
    return {
      messageId,
      conversationId: deleted!.message.chatId,
      deletedForEveryone: deleteForEveryone,
    };
  }

  /** Reads some messages of a conversation, or all. */
  async read(actor: Actor, { conversationId, messageIds }: ReadBody) {
    const position = await this.services.receipts.markRead(actor, conversationId, { messageIds });
    return {
      conversationId,
      lastReadSeq: position.lastReadSeq,
      messageIds: position.messageIds,
    };
  }
}
