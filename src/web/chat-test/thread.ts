import type { Api, Attachment, Conversation, Message, Person } from './api.js';
import { PAGE_SIZE } from './api.js';
import type { Connection } from './connection.js';
import { isRequestTo, titleOf } from './conversation-list.js';
import { byId, initials, make, shortTime, written } from './dom.js';
import type { Draft } from './outbox.js';
import { newId, Outbox } from './outbox.js';

/** How often typing is renewed, and after what pause it ends, in milliseconds. */
const TYPING_RENEW_MS = 3000;
const TYPING_PAUSE_MS = 4000;

/** Makes a field as high as what is written in it; the style sheet knows how high it may be. */
const fit = (field: HTMLTextAreaElement): void => {
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
};

/** A file of a message: a picture of this server as it is, everything else by its name. */
const fileLink = ({ url, thumbnailUrl, type, filename, external }: Attachment): HTMLElement => {
  const link = written('a', { href: url, rel: 'noopener noreferrer', target: '_blank' });
  // A foreign address would tell its host who looks, and when.
  if (type === 'image' && external !== true) {
    const alt = filename ?? 'picture';
    link.append(
      make('img', { src: thumbnailUrl ?? url, alt, loading: 'lazy', className: 'picture' }),
    );
  } else {
    link.textContent = filename ?? url;
  }
  return link;
};

/** The right side: one conversation, its messages and the field to write in. */
export class Thread {
  private conversation: Conversation | undefined;
  private messages = new Map<string, Message>();
  /** Messages that were deleted while the conversation is open: an answer may still have them. */
  private readonly removed = new Set<string>();
  /** Whether there may be messages before those that are here. */
  private hasOlder = false;
  /** What I have written and the server has not confirmed yet, in all conversations. */
  readonly outbox: Outbox;
  private typingSince = 0;
  private typingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly me: Person,
    private readonly api: Api,
    private readonly connection: Connection,
  ) {
    this.outbox = new Outbox({
      userId: me.id,
      storage: sessionStorage,
      isConnected: () => connection.isConnected,
      send: (draft) => this.send(draft),
      onChange: () => {
        this.render();
      },
    });
    byId('older').onclick = () => void this.loadOlder();
    for (const verb of ['accept', 'reject'] as const) {
      byId(verb).onclick = () => void this.answer(verb);
    }
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
      const { conversation } = this;
      if (!text || !conversation) return;
      field.value = '';
      fit(field);
      this.showMyTyping(false);
      this.outbox.add({
        conversationId: conversation.id,
        receiverId: this.peer?.id ?? null,
        clientMessageId: newId(),
        text,
      });
    };
  }

  /** The id of the conversation that is shown. */
  get openId(): string | undefined {
    return this.conversation?.id;
  }

  /** Shows a conversation and reads it. */
  async open(conversation: Conversation): Promise<void> {
    this.conversation = conversation;
    this.messages = new Map();
    this.removed.clear();
    this.hasOlder = false;
    byId('no-thread').hidden = true;
    byId('thread').hidden = false;
    byId('chat').classList.add('in-thread');
    const title = titleOf(conversation);
    byId('peer-name').textContent = title;
    byId('peer-avatar').textContent = initials(title);
    this.showPeer(conversation.otherUser);
    this.update(conversation);
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

  /** Takes over what the server says of the open conversation now: whether it waits for an answer of mine. */
  update(conversation: Conversation | undefined): void {
    if (!conversation || conversation.id !== this.openId) return;
    this.conversation = conversation;
    byId('request').hidden = !isRequestTo(conversation, this.me.id);
    byId('composer').hidden = conversation.status !== 'accepted';
    byId('waiting').hidden =
      conversation.status === 'accepted' || isRequestTo(conversation, this.me.id);
    byId('waiting').textContent =
      conversation.status === 'rejected'
        ? 'This request was rejected.'
        : 'You can write as soon as your request is accepted.';
  }

  /** Fetches the newest messages anew, after a gap in the connection too. */
  async reload(): Promise<void> {
    const id = this.openId;
    if (id === undefined) return;
    const newest = await this.api.messages(id);
    if (this.openId !== id) return;
    this.takeOver(newest);
    for (const { clientMessageId } of newest) this.outbox.settle(clientMessageId);
    this.render();
    await this.api.readAll(id);
  }

  /** Shows what was fetched. What was heard or sent meanwhile is newer than the answer, and stays. */
  private takeOver(newest: Message[]): void {
    const known = this.messages;
    const lastSeq = newest.at(-1)?.seq ?? 0;
    const sinceThen = [...known.values()].filter(({ seq }) => seq > lastSeq);
    this.messages = new Map([...newest, ...sinceThen].map((message) => [message.id, message]));
    for (const message of newest) message.isRead ||= known.get(message.id)?.isRead ?? false;
    for (const id of this.removed) this.messages.delete(id);
    this.hasOlder = newest.length === PAGE_SIZE;
  }

  /** Fetches what was said before, and stays at the message that was on top. */
  private async loadOlder(): Promise<void> {
    const id = this.openId;
    if (id === undefined) return;
    const first = Math.min(...[...this.messages.values()].map(({ seq }) => seq));
    const older = await this.api.messages(id, first);
    if (this.openId !== id) return;
    this.hasOlder = older.length === PAGE_SIZE;
    for (const message of older) this.messages.set(message.id, message);
    const list = byId('messages');
    const fromEnd = list.scrollHeight - list.scrollTop;
    this.render();
    list.scrollTop = list.scrollHeight - fromEnd;
  }

  /** Accepts or rejects the request that is open. */
  private async answer(verb: 'accept' | 'reject'): Promise<void> {
    const { conversation } = this;
    if (!conversation) return;
    try {
      await this.api.answer(conversation.id, verb);
      this.update({ ...conversation, status: verb === 'accept' ? 'accepted' : 'rejected' });
      byId('request-error').textContent = '';
    } catch (error) {
      byId('request-error').textContent = error instanceof Error ? error.message : String(error);
    }
  }

  /** Takes in a message that was just sent by whomever. */
  receive(message: Message): void {
    if (message.conversationId !== this.openId) return;
    this.messages.set(message.id, message);
    // The message may come before the answer to its own sending: it must not be shown twice.
    this.outbox.settle(message.clientMessageId);
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
    this.removed.add(messageId);
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

  /** One attempt to send; a group is no one person, so what goes there goes over REST. */
  private async send({ conversationId, receiverId, clientMessageId, text }: Draft): Promise<void> {
    if (receiverId === null) {
      await this.api.send(conversationId, text, clientMessageId);
      return;
    }
    const sent = await this.connection.ask<Message>('send_message', {
      receiverId,
      message: text,
      messageType: 'text',
      clientMessageId,
    });
    if (sent.conversationId === this.openId && !this.messages.has(sent.id)) {
      this.messages.set(sent.id, sent);
    }
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

  /** Shows everything anew. */
  render(): void {
    byId('older').hidden = !this.hasOlder;
    const list = byId('messages');
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
    const inOrder = [...this.messages.values()].sort((a, b) => a.seq - b.seq);
    list.replaceChildren(
      ...inOrder.map((message) => this.item(message)),
      ...this.outbox.of(this.openId).map((draft) => this.draftItem(draft)),
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
    const text = message.isDeleted ? 'deleted' : message.message;
    const item = make(
      'li',
      { className: 'message' },
      written('span', { text }),
      ...message.media.map(fileLink),
      footer,
    );
    item.classList.toggle('mine', isMine);
    item.classList.toggle('deleted', message.isDeleted);
    return item;
  }

  private draftItem(draft: Draft): HTMLLIElement {
    const state = this.connection.isConnected ? 'sending…' : 'waiting for the connection…';
    const footer = make('footer', {}, make('span', { text: draft.error ?? state }));
    const item = make(
      'li',
      { className: 'message mine' },
      written('span', { text: draft.text }),
      footer,
    );
    if (draft.error !== undefined) {
      item.classList.add('failed');
      const retry = make('button', { type: 'button', text: 'Try again' });
      retry.onclick = () => {
        this.outbox.retry(draft);
      };
      footer.append(retry);
    }
    return item;
  }
}
