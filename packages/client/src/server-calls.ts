import type { Connection } from './connection.js';
import type { OutgoingMessage } from './outbox.js';
import type { ChatMessage, OwnUser, Presence, SyncAnswer, SyncRequest } from './wire.types.js';

/** What the client asks of the server by itself; each rejects with a ChatError. */
export class ServerCalls {
  constructor(private readonly connection: Connection) {}

  /** The account whose login this is. */
  me(): Promise<OwnUser> {
    return this.connection.rest<OwnUser>('GET', '/api/auth/me');
  }

  /** Who is online, of the people with whom the user shares a chat; up to 1,000. */
  async online(): Promise<({ userId: string } & Presence)[]> {
    const people: ({ userId: string } & Presence)[] = [];
    for (let page = 1; page <= 5; page += 1) {
      const path = `/api/users/online?limit=200&page=${page}`;
      const { data, pagination } = await this.connection.page<typeof people>('GET', path);
      people.push(...data);
      if (!pagination?.hasMore) break;
    }
    return people;
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
