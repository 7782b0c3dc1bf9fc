import { Refusal } from './refusal.js';

/** Somebody, as the server shows them. */
export interface Person {
  id: string;
  username: string;
  name: string;
  role?: 'user' | 'admin';
  isOnline?: boolean;
  lastSeen?: string | null;
}

/** A file of a message. */
export interface Attachment {
  url: string;
  thumbnailUrl?: string | null;
  type?: string;
  filename?: string;
  /** Set for an address that is not this server's. */
  external?: boolean;
}

/** A message in the native shape, as far as it differs. */
interface NativeMessage extends Omit<
  Message,
  'conversationId' | 'message' | 'senderName' | 'isRead'
> {
  chatId: string;
  content: string;
  sender: Person | null;
  status: 'sent' | 'delivered' | 'read';
}

/** A message in the v0 shape, as far as the page reads it. */
export interface Message {
  id: string;
  conversationId: string;
  /** What the sender's client called it; null when it did not. */
  clientMessageId: string | null;
  seq: number;
  senderId: string;
  senderName: string | null;
  message: string;
  media: Attachment[];
  isRead: boolean;
  isDeleted: boolean;
  createdAt: string;
}

/** A conversation in the v0 shape, as far as the page reads it. */
export interface Conversation {
  id: string;
  status: 'pending' | 'accepted' | 'rejected';
  /** Who has asked for it. */
  initiator: string;
  name: string | null;
  otherUser: Person | null;
  lastMessage: { message: string; seq: number } | null;
  lastMessageAt: string;
  unreadCount: number;
}

/** What proves a login, and what replaces that. */
export interface Tokens {
  token: string;
  refreshToken: string;
}

/** A login: who, and its tokens. */
export interface Login extends Tokens {
  /** Makes this browser known at the next login of the same person. */
  deviceToken: string;
  user: Person;
}

interface Answer<T> {
  success: boolean;
  data: T;
  message?: string;
  retryAfter?: number;
}

/** Messages that are fetched at a time. */
export const PAGE_SIZE = 100;

/** The REST calls of the page. */
export class Api {
  /** @param login whose calls these are; absent: nobody's yet. */
  constructor(private readonly login?: { readonly token: string }) {}

  /** Logs in. */
  static login(username: string, password: string, deviceToken: string): Promise<Login> {
    return new Api().call('POST', '/api/auth/login', { username, password, deviceToken });
  }

  /** Makes an account and logs in to it. */
  static register(username: string, email: string, password: string): Promise<Login> {
    return new Api().call('POST', '/api/auth/register', { username, email, password });
  }

  /** Exchanges a refresh token for new tokens. */
  static refresh(refreshToken: string): Promise<Tokens> {
    return new Api().call('POST', '/api/auth/refresh', { refreshToken });
  }

  /** Who the token belongs to. */
  me(): Promise<Person> {
    return this.call('GET', '/api/auth/me');
  }

  /** Ends the login on the server too. */
  logout(): Promise<unknown> {
    return this.call('POST', '/api/auth/logout', {});
  }

  /** People whose name begins so. */
  search(text: string): Promise<Person[]> {
    return this.call('GET', `/api/users/search?q=${encodeURIComponent(text)}`);
  }

  /** My conversations, newest activity first, behind those that wait for an answer. */
  async conversations(): Promise<Conversation[]> {
    const lists = await Promise.all(
      [
        '/api/chats/requests?direction=incoming',
        '/api/chats/requests?direction=outgoing',
        '/api/v0/chat/conversations',
      ].map((path) => this.call<Conversation[]>('GET', path)),
    );
    return lists.flat();
  }

  /** The conversation with a person, opened when there is none. */
  conversationWith(personId: string): Promise<Conversation> {
    return this.call('GET', `/api/v0/chat/conversation/${personId}`);
  }

  /** The newest messages of a conversation, or those before a number; the newest last. */
  async messages(conversationId: string, before?: number): Promise<Message[]> {
    const from = before === undefined ? '' : `&before=${before}`;
    const path = `/api/chats/${conversationId}/messages?limit=${PAGE_SIZE}${from}`;
    const messages = await this.call<NativeMessage[]>('GET', path);
    return messages.map(({ chatId, content, sender, status, ...message }) => ({
      ...message,
      conversationId: chatId,
      message: content,
      senderName: sender?.name ?? null,
      isRead: status === 'read',
    }));
  }

  /** Sends to a chat of any kind. */
  send(chatId: string, content: string, clientMessageId: string): Promise<unknown> {
    return this.call('POST', '/api/messages', { chatId, content, clientMessageId });
  }

  /** Accepts or rejects somebody's request for a chat. */
  answer(chatId: string, verb: 'accept' | 'reject'): Promise<unknown> {
    return this.call('POST', `/api/chats/${chatId}/${verb}`, {});
  }

  /** Reads everything in a conversation. */
  readAll(conversationId: string): Promise<unknown> {
    return this.call('PUT', `/api/v0/chat/conversation/${conversationId}/read`, {});
  }

  private async call<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(path, {
      method,
      headers: {
        ...(this.login && { Authorization: `Bearer ${this.login.token}` }),
        ...(body && { 'Content-Type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Answer<T>;
    if (!answer.success) {
      const reason = answer.message ?? `The server answered ${response.status}`;
      throw new Refusal(reason, answer.retryAfter);
    }
    return answer.data;
  }
}
