import type { ChatClient } from './chat-client.js';
import { newId } from './new-id.js';
import type { ChatMessage, MediaItem, StarState } from './wire.types.js';

/** What may go with a message. */
export interface SendOptions {
  /** Id of the message that this one answers. */
  replyTo?: string;
  /** Data of your own: a JSON object of at most 4,096 bytes. */
  metadata?: Record<string, unknown>;
}

/** Writes and changes messages of a chat. */
export class Message {
  constructor(
    readonly client: ChatClient,
    readonly chatId: string,
  ) {}

  /**
   * Sends a text. Without a connection it waits in the outbox; it is sent once, whatever happens.
   * Resolves when the server has it.
   */
  sendText(content: string, options: SendOptions = {}): Promise<ChatMessage> {
    const { chatId } = this;
    return this.client.send({ chatId, clientMessageId: newId(), content, ...options });
  }

  /** Sends uploaded files, as the upload has described them. */
  sendMedia(
    messageType: 'image' | 'video' | 'audio' | 'file',
    media: MediaItem | MediaItem[],
    options: SendOptions & { content?: string } = {},
  ): Promise<ChatMessage> {
    return this.client.send({
      chatId: this.chatId,
      clientMessageId: newId(),
      messageType,
      media: [media].flat(),
      ...options,
    });
  }

  /**
   * Sends a message of a type of your own, such as `order.card`.
   *
   * @param content what clients show that do not know the type.
   */
  sendCustom(customType: string, content: string, options: SendOptions = {}): Promise<ChatMessage> {
    const { chatId } = this;
    const message = {
      chatId,
      clientMessageId: newId(),
      messageType: 'custom',
      customType,
    } as const;
    return this.client.send({ ...message, content, ...options });
  }

  /** Gives a message of mine other metadata; null takes them away. */
  setMetadata(messageId: string, metadata: Record<string, unknown> | null): Promise<ChatMessage> {
    const payload = { chatId: this.chatId, messageId, metadata };
    return this.client.commandOrRest('edit_message', payload, {
      method: 'PUT',
      path: `/api/messages/${messageId}`,
      body: { metadata },
    });
  }

  /** Changes the text of a message of mine. */
  edit(messageId: string, content: string): Promise<ChatMessage> {
    const payload = { chatId: this.chatId, messageId, content };
    return this.client.commandOrRest('edit_message', payload, {
      method: 'PUT',
      path: `/api/messages/${messageId}`,
      body: { content },
    });
  }

  /** Deletes a message: for everyone, which only its sender may, or for me. */
  delete(messageId: string, deleteForEveryone = true): Promise<unknown> {
    const { chatId } = this;
    return this.client.command('delete_message', { chatId, messageId, deleteForEveryone });
  }

  /** Reacts to a message. */
  react(messageId: string, emoji: string): Promise<ChatMessage> {
    return this.client.command('add_reaction', { chatId: this.chatId, messageId, emoji });
  }

  /** Takes a reaction back. */
  unreact(messageId: string, emoji: string): Promise<ChatMessage> {
    return this.client.command('remove_reaction', { chatId: this.chatId, messageId, emoji });
  }

  /** Pins a message for everybody in the chat. */
  pin(messageId: string): Promise<ChatMessage> {
    return this.client.rest('POST', `/api/messages/${messageId}/pin`);
  }

  /** Unpins it. */
  unpin(messageId: string): Promise<ChatMessage> {
    return this.client.rest('POST', `/api/messages/${messageId}/unpin`);
  }

  /** Sends a message on to other chats of mine, at most 20. */
  forward(messageId: string, chatIds: string[]): Promise<unknown> {
    const body = { chatIds, clientMessageId: newId() };
    return this.client.rest('POST', `/api/messages/${messageId}/forward`, body);
  }

  /** Stars a message for me alone; my other devices hear `message_starred`. */
  star(messageId: string): Promise<StarState> {
    return this.client.command('star_message', { chatId: this.chatId, messageId });
  }

  /** Takes my star back. */
  unstar(messageId: string): Promise<StarState> {
    return this.client.command('unstar_message', { chatId: this.chatId, messageId });
  }
}
