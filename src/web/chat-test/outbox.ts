import { Refusal } from './refusal.js';

/** A message that I have written and the server has not confirmed yet. */
export interface Draft {
  conversationId: string;
  /** The person on the other side; null in chats of more than two. */
  receiverId: string | null;
  /** The same in every attempt, so that the server writes the message once. */
  clientMessageId: string;
  text: string;
  /** Why the server will not have it; it is sent again when I say so. */
  error?: string;
}

/** How long to wait before the next attempt when the server names no time, in milliseconds. */
const PAUSE_MS = 2000;

/** Random, and there also without a secure context, where `crypto.randomUUID` is not. */
export const newId = (): string =>
  [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('-');

/**
 * What I have written, until the server has it: kept over a loss of the connection and a reload of the page, and
 * sent in the order in which it was written. It lasts as long as the tab, as the login does.
 */
export class Outbox {
  private drafts: Draft[];
  private isSending = false;
  private pause: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly parts: {
      /** Whose messages these are: another login in this tab must not send them. */
      userId: string;
      storage: Storage;
      isConnected: () => boolean;
      /** Sends once; rejects with a {@link Refusal} when the server says no, and with anything else when it says nothing. */
      send: (draft: Draft) => Promise<void>;
      onChange: () => void;
    },
  ) {
    this.drafts = this.stored();
  }

  /** What waits in a conversation, in order. */
  of(conversationId: string | undefined): Draft[] {
    return this.drafts.filter((draft) => draft.conversationId === conversationId);
  }

  /** Keeps a message, and sends it as soon as there is a connection. */
  add(draft: Draft): void {
    this.drafts.push(draft);
    this.changed();
    void this.flush();
  }

  /** Sends again what was refused. */
  retry(draft: Draft): void {
    delete draft.error;
    this.changed();
    void this.flush();
  }

  /** Forgets a message that the server has. */
  settle(clientMessageId: string | null): void {
    const left = this.drafts.filter((draft) => draft.clientMessageId !== clientMessageId);
    if (left.length === this.drafts.length) return;
    this.drafts = left;
    this.changed();
  }

  /** Sends what waits, one after the other; called for every new connection. */
  async flush(): Promise<void> {
    if (this.isSending) return;
    this.isSending = true;
    clearTimeout(this.pause);
    try {
      for (let next = this.next(); next && this.parts.isConnected(); next = this.next()) {
        await this.attempt(next);
      }
    } catch (error) {
      const seconds = error instanceof Refusal ? error.retryAfter : undefined;
      this.pause = setTimeout(() => void this.flush(), seconds ? seconds * 1000 : PAUSE_MS);
    } finally {
      this.isSending = false;
    }
  }

  private next(): Draft | undefined {
    return this.drafts.find(({ error }) => error === undefined);
  }

  /** Rejects when the same message has to be tried again later. */
  private async attempt(draft: Draft): Promise<void> {
    try {
      await this.parts.send(draft);
    } catch (error) {
      const isFinal = error instanceof Refusal && error.retryAfter === undefined;
      if (!isFinal) throw error;
      draft.error = error.message;
      this.changed();
      return;
    }
    this.settle(draft.clientMessageId);
  }

  private changed(): void {
    this.parts.storage.setItem(this.key, JSON.stringify(this.drafts));
    this.parts.onChange();
  }

  private get key(): string {
    return `parley.chat-test.outbox.${this.parts.userId}`;
  }

  private stored(): Draft[] {
    return JSON.parse(this.parts.storage.getItem(this.key) ?? '[]') as Draft[];
  }
}
