import type { Connection } from './connection.js';
import type { OutgoingMessage } from './outbox.js';
import type { ChatMessage, SyncAnswer, SyncRequest } from './wire.types.js';

/** What the client asks of the server by itself; each rejects with a ChatError. */
export class ServerCalls {
  constructor(private readonly connection: Connection) {}

  /** Id of the user whose login this is. */
  async userId(): Promise<string> {
    return (await this.connection.rest<{ id: string }>('GET', '/api/auth/me')).id;
  }

  /** Sends a message, once. */
  send(message: OutgoingMessage): Promise<ChatMessage> {
    const event = message.media ? 'send_media' : 'send_message';
    const twin = { method: 'POST', path: '/api/messages' };
    return this.connection.commandOrRest<ChatMessage>(event, message, twin);
  }

  /** What has changed since. */
  sync(request: SyncRequest): Promise<SyncAnswer> {
    const twin = { method: 'POST', path: '/api/sync' };
    return this.connection.commandOrRest<SyncAnswer>('sync', request, twin);
  }

  /** Says that this device looks at a chat. */
  join(chatId: string): Promise<unknown> {
    return this.connection.command('join_chat', { chatId });
  }

  /** Says that it no longer does. */
  leave(chatId: string): Promise<unknown> {
    return this.connection.command('leave_chat', { chatId });
  }
}
