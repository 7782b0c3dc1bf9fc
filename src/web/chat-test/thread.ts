import type { Api, Conversation, Message, Person } from './api.js';
import type { Connection } from './connection.js';
import { titleOf } from './conversation-list.js';
import { byId, initials, make, shortTime } from './dom.js';

/** How often typing is renewed, and after what pause it ends, in milliseconds. */
const TYPING_RENEW_MS = 3000;
const TYPING_PAUSE_MS = 4000;

/** A message that I have written and the server has not confirmed yet. */
interface Draft {
  clientMessageId: string;
  text: string;
  error?: string;
}

/** Random, and there also without a secure context, where `crypto.randomUUID` is not. */
const newId = (): string =>
  [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('-');

/** Makes a field as high as what is written in it; the style sheet knows how high it may be. */
const fit = (field: HTMLTextAreaElement): void => {
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
};

/** The right side: one conversation, its messages and the field to write in. */
export class Thread {
  private conversation: Conversation | undefined;
  private messages = new Map<string, Message>();
  private drafts: Draft[] = [];
  private typingSince = 0;
  private typingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly me: Person,
    private readonly api: Api,
    private readonly connection: Connection,
  ) {
    const field = byId<HTMLTextAreaElement>('message-text');
    field.oninput = () => {
      fit(field);
      this.showMyTyping(field.value !== '');
    };
    field.onkeydown = (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      byId<HTMLFormElement>('composer').requestSubmit();
    };
    byId<HTMLFormElement>('composer').onsubmit = (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (!text) return;
      field.value = '';
      fit(field);
      this.showMyTyping(false);
      void this.send({ clientMessageId: newId(), text });
    };
  }

  /** The id of the conversation that is shown. */
  get openId(): string | undefined {
    return this.conversation?.id;
  }

  /** Shows a conversation and reads it. */
  async open(conversation: Conversation): Promise<void> {
    this.conversation = conversation;
    this.drafts = [];
    this.messages = new Map();
    byId('no-thread').hidden = true;
    byId('thread').hidden = false;
    byId('chat').classList.add('in-thread');
    const title = titleOf(conversation);
    byId('peer-name').textContent = title;
    byId('peer-avatar').textContent = initials(title);
    this.showPeer(conversation.otherUser);
    await this.reload();
    byId('message-text').focus();
  }

  /** Closes the conversation: back to the list on a phone. */
  close(): void {
    this.conversation = undefined;
    byId('chat').classList.remove('in-thread');
    byId('thread').hidden = true;
    byId('no-thread').hidden = false;
  }

  /** Fetches the messages anew, after a gap in the connection too. */
  async reload(): Promise<void> {
    const { conversation } = this;
    if (!conversation) return;
    const messages = await this.api.messages(conversation.id);
    if (this.conversation !== conversation) return;
    this.messages = new Map(messages.map((message) => [message.id, message]));
    this.render();
    await this.api.readAll(conversation.id);
  }

  /** Takes in a message that was just sent by whomever. */
  receive(message: Message): void {
    if (message.conversationId !== this.openId) return;
    this.messages.set(message.id, message);
    // The message may come before the answer to its own sending: it must not be shown twice.
    this.drafts = this.drafts.filter((draft) => draft.clientMessageId !== message.clientMessageId);
    this.render();
    const isMine = message.senderId === this.me.id;
    if (!isMine && document.visibilityState === 'visible') {
      this.connection.tell('mark_message_read', { messageId: message.id });
    }
  }

  /** Shows my messages up to a number as read. */
  markRead(conversationId: string, seq: number): void {
    if (conversationId !== this.openId) return;
    for (const message of this.messages.values()) {
      if (message.seq <= seq && message.senderId === this.me.id) message.isRead = true;
    }
    this.render();
  }

  /** Takes a message out that was deleted. */
  remove(messageId: string): void {
    if (this.messages.delete(messageId)) this.render();
  }

  /** Shows whether the other one is typing, or else where they stand. */
  showPeer(peer: Person | null, isTyping = false): void {
    if (peer && this.conversation?.otherUser?.id !== peer.id) return;
    const state = byId('peer-state');
    byId('peer-avatar').classList.toggle('online', peer?.isOnline ?? false);
    if (isTyping) state.textContent = 'typing…';
    else if (peer?.isOnline) state.textContent = 'online';
    else state.textContent = peer?.lastSeen ? `last seen ${shortTime(peer.lastSeen)}` : 'offline';
  }

  /** The person on the other side. */
  get peer(): Person | null {
    return this.conversation?.otherUser ?? null;
  }

  /** A retry goes out under the same id, so that the server knows it again. */
  private async send(draft: Draft): Promise<void> {
    const receiverId = this.peer?.id;
    if (receiverId === undefined) return;
    delete draft.error;
    this.drafts = [...this.drafts.filter((other) => other !== draft), draft];
    this.render();
    try {
      const { clientMessageId, text: message } = draft;
      const payload = { receiverId, message, messageType: 'text', clientMessageId };
      const sent = await this.connection.ask<Message>('send_message', payload);
      this.drafts = this.drafts.filter((other) => other !== draft);
      if (sent.conversationId === this.openId && !this.messages.has(sent.id)) {
        this.messages.set(sent.id, sent);
      }
    } catch (error) {
      draft.error = error instanceof Error ? error.message : String(error);
    }
    this.render();
  }

  private showMyTyping(isTyping: boolean): void {
    const receiverId = this.peer?.id;
    if (receiverId === undefined) return;
    clearTimeout(this.typingTimer);
    if (!isTyping) {
      if (this.typingSince > 0) this.connection.tell('typing_stop', { receiverId });
      this.typingSince = 0;
      return;
    }
    if (Date.now() - this.typingSince > TYPING_RENEW_MS) {
      this.typingSince = Date.now();
      this.connection.tell('typing_start', { receiverId });
    }
    this.typingTimer = setTimeout(() => {
      this.showMyTyping(false);
    }, TYPING_PAUSE_MS);
  }

  private render(): void {
    const list = byId('messages');
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
    const inOrder = [...this.messages.values()].sort((a, b) => a.seq - b.seq);
    list.replaceChildren(
      ...inOrder.map((message) => this.item(message)),
      ...this.drafts.map((draft) => this.draftItem(draft)),
    );
    if (list.childElementCount === 0) {
      list.append(make('li', { className: 'empty', text: 'No messages yet. Say hello.' }));
    }
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  }

  private item(message: Message): HTMLLIElement {
    const isMine = message.senderId === this.me.id;
    const footer = make('footer', {}, make('time', { text: shortTime(message.createdAt) }));
    if (isMine) {
      const mark = make('span', { text: message.isRead ? '✓✓' : '✓' });
      mark.className = message.isRead ? 'read' : 'sent';
      mark.setAttribute('role', 'img');
      mark.setAttribute('aria-label', message.isRead ? 'read' : 'sent');
      footer.append(mark);
    }
    const files = message.media.map(({ url, filename }) =>
      make('a', { href: url, rel: 'noopener noreferrer', target: '_blank', text: filename ?? url }),
    );
    const text = message.isDeleted ? 'deleted' : message.message;
    const item = make('li', { className: 'message' }, make('span', { text }), ...files, footer);
    item.classList.toggle('mine', isMine);
    item.classList.toggle('deleted', message.isDeleted);
    return item;
  }

  private draftItem(draft: Draft): HTMLLIElement {
    const footer = make('footer', {}, make('span', { text: draft.error ?? 'sending…' }));
    const item = make(
      'li',
      { className: 'message mine' },
      make('span', { text: draft.text }),
      footer,
    );
    if (draft.error !== undefined) {
      item.classList.add('failed');
      const retry = make('button', { type: 'button', text: 'Try again' });
      retry.onclick = () => {
        void this.send(draft);
      };
      footer.append(retry);
    }
    return item;
  }
}
