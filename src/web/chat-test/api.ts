/** Somebody, as the server shows them. */
export interface Person {
  id: string;
  username: string;
  name: string;
  role?: 'user' | 'admin';
  isOnline?: boolean;
  lastSeen?: string | null;
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
  media: { url: string; filename?: string }[];
  isRead: boolean;
  isDeleted: boolean;
  createdAt: string;
}

/** A conversation in the v0 shape, as far as the page reads it. */
export interface Conversation {
  id: string;
  name: string | null;
  otherUser: Person | null;
  lastMessage: { message: string; seq: number } | null;
  lastMessageAt: string;
  unreadCount: number;
}

/** A login: who, and the token that proves it. */
export interface Login {
  token: string;
  /** Makes this browser known at the next login of the same person. */
  deviceToken: string;
  user: Person;
}

interface Answer<T> {
  success: boolean;
  data: T;
  message?: string;
}

/** The REST calls of the page. */
export class Api {
  constructor(private readonly token?: string) {}

  /** Logs in. */
  static login(username: string, password: string, deviceToken: string): Promise<Login> {
    return new Api().call('POST', '/api/auth/login', { username, password, deviceToken });
  }

  /** Makes an account and logs in to it. */
  static register(username: string, email: string, password: string): Promise<Login> {
    return new Api().call('POST', '/api/auth/register', { username, email, password });
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

  /** My conversations, newest activity first. */
  conversations(): Promise<Conversation[]> {
    return this.call('GET', '/api/v0/chat/conversations');
  }

  /** The conversation with a person, opened when there is none. */
  conversationWith(personId: string): Promise<Conversation> {
    return this.call('GET', `/api/v0/chat/conversation/${personId}`);
  }

  /** The newest messages of a conversation, the newest last. */
  messages(conversationId: string): Promise<Message[]> {
    return this.call('GET', `/api/v0/chat/conversation/${conversationId}/messages?limit=100`);
  }

  /** Reads everything in a conversation. */
  readAll(conversationId: string): Promise<unknown> {
    return this.call('PUT', `/api/v0/chat/conversation/${conversationId}/read`, {});
  }

  private async call<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(path, {
      method,
      headers: {
        ...(this.token !== undefined && { Authorization: `Bearer ${this.token}` }),
        ...(body && { 'Content-Type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Answer<T>;
    if (!answer.success)
      throw new Error(answer.message ?? `The server answered ${response.status}`);
    return answer.data;
  }
}
