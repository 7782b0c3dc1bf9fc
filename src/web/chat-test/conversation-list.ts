import type { Api, Conversation, Person } from './api.js';
import { avatar, byId, make, shortTime, written } from './dom.js';

/** What a conversation is called: the other person, or the group's name. */
export const titleOf = ({ otherUser, name }: Conversation): string =>
  otherUser?.name ?? name ?? 'Conversation';

/** What has happened last, or what the conversation waits for. */
const previewOf = (conversation: Conversation, myId: string): string => {
  if (isRequestTo(conversation, myId)) return 'wants to chat with you';
  if (conversation.status === 'pending') return 'has not answered your request yet';
  return conversation.lastMessage?.message ?? 'No messages yet';
};

/** Whether somebody asks me for this chat. */
export const isRequestTo = ({ status, initiator }: Conversation, myId: string): boolean =>
  status === 'pending' && initiator !== myId;

/** How long typing in the search pauses before it is looked up, in milliseconds. */
const SEARCH_PAUSE_MS = 250;

/** The left side: conversations, and the search for people. */
export class ConversationList {
  private conversations: Conversation[] = [];
  private openId: string | undefined;
  private searchTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly myId: string,
    private readonly api: Api,
    private readonly choose: (conversation: Conversation) => void,
  ) {
    const search = byId<HTMLInputElement>('people-search');
    search.oninput = () => {
      clearTimeout(this.searchTimer);
      this.searchTimer = setTimeout(() => {
        void this.search(search.value.trim());
      }, SEARCH_PAUSE_MS);
    };
  }

  /** Fetches the conversations anew. */
  async reload(): Promise<void> {
    this.conversations = await this.api.conversations();
    this.render();
  }

  /** The conversation of an id, as it was fetched last. */
  find(conversationId: string | undefined): Conversation | undefined {
    return this.conversations.find(({ id }) => id === conversationId);
  }

  /** Marks the conversation that is open; nothing in it is unread. */
  markOpen(conversationId: string): void {
    this.openId = conversationId;
    for (const conversation of this.conversations) {
      if (conversation.id === conversationId) conversation.unreadCount = 0;
    }
    this.render();
  }

  /** Shows that somebody has come or gone. */
  showPresence(userId: string, isOnline: boolean, lastSeen: string | null): Person | undefined {
    const person = this.conversations
      .map(({ otherUser }) => otherUser)
      .find((other) => other?.id === userId);
    if (!person) return undefined;
    Object.assign(person, { isOnline, lastSeen });
    this.render();
    return person;
  }

  private async search(text: string): Promise<void> {
    const list = byId('people');
    const people = text ? await this.api.search(text) : [];
    list.hidden = text === '';
    list.replaceChildren(
      ...people.map((person) => make('li', {}, this.personButton(person))),
      ...(people.length === 0 ? [make('li', { className: 'empty', text: 'Nobody found.' })] : []),
    );
  }

  private personButton(person: Person): HTMLButtonElement {
    const button = make(
      'button',
      { type: 'button' },
      avatar(person.name, false),
      written('span', { className: 'name', text: person.name }),
    );
    button.onclick = () => {
      byId<HTMLInputElement>('people-search').value = '';
      byId('people').hidden = true;
      void this.api.conversationWith(person.id).then(async (conversation) => {
        await this.reload();
        this.choose(conversation);
      });
    };
    return button;
  }

  private render(): void {
    byId('no-conversations').hidden = this.conversations.length > 0;
    byId('conversations').replaceChildren(
      ...this.conversations.map((conversation) => make('li', {}, this.button(conversation))),
    );
  }

  private button(conversation: Conversation): HTMLButtonElement {
    const { unreadCount, otherUser } = conversation;
    const title = titleOf(conversation);
    const text = make(
      'span',
      { className: 'grow' },
      written('span', { className: 'name', text: title }),
      written('span', { className: 'preview', text: previewOf(conversation, this.myId) }),
    );
    const button = make(
      'button',
      { type: 'button' },
      avatar(title, otherUser?.isOnline ?? false),
      text,
    );
    const when = make(
      'span',
      { className: 'when' },
      make('span', { className: 'muted', text: shortTime(conversation.lastMessageAt) }),
    );
    button.append(when);
    if (unreadCount > 0) {
      const badge = make('span', { className: 'badge', text: String(unreadCount) });
      badge.setAttribute('aria-label', `${unreadCount} unread`);
      when.append(badge);
    }
    button.setAttribute('aria-current', String(conversation.id === this.openId));
    button.onclick = () => {
      this.choose(conversation);
    };
    return button;
  }
}
