import { LRUCache } from 'lru-cache';
import type { Subscription } from '../../platform/event-bus.js';
import type { UserCard } from '../users/index.js';
import type { PresenceState } from './chat-view.js';
import type { ChatEvents } from './chats.events.js';
import type { Contacts } from './contacts.js';
import type { MembershipsRepository } from './memberships.repository.js';

/** Somebody who is here, as the others in the room see them. */
export interface OnlineMember {
  card: UserCard;
  presence: PresenceState;
}

/** Members of a large room that are looked at; nobody reads a longer list. */
const MAX_MEMBERS = 1000;
/** How long a list serves everybody who asks, in milliseconds: many join a room at the same moment. */
const MAX_AGE_MS = 1000;

/** Who of a room's members is here. */
export class RoomOnline {
  private readonly lists = new LRUCache<string, Promise<OnlineMember[]>>({
    max: 10_000,
    ttl: MAX_AGE_MS,
  });

  constructor(
    private readonly deps: {
      memberships: MembershipsRepository;
      contacts: Contacts;
      directory: { cards(userIds: string[]): Promise<Map<string, UserCard>> };
      presenceOf(userIds: string[]): Promise<Map<string, PresenceState>>;
    },
  ) {}

  /** Drops a room's list when somebody has come or gone. */
  get subscriptions(): Subscription<ChatEvents>[] {
    const shared = {
      phase: 'state',
      on: 'every-node',
      does: 'forgets who of the room is online',
      run: ({ chatId }: { chatId: string }) => {
        this.lists.delete(chatId);
      },
    } as const;
    return [
      { event: 'members.added', ...shared },
      { event: 'members.removed', ...shared },
    ];
  }

  /**
   * The members who are here and not invisible, as far as the viewer may know; at most a second old. The
   * caller has checked access.
   */
  async list(viewerId: string, chatId: string): Promise<OnlineMember[]> {
    const [here, blocked] = await Promise.all([
      this.everybody(chatId),
      this.deps.contacts.blockedWith(viewerId),
    ]);
    return here.filter(({ card }) => !blocked.has(card.id));
  }

  private everybody(chatId: string): Promise<OnlineMember[]> {
    const known = this.lists.get(chatId);
    if (known) return known;
    const loading = this.load(chatId);
    this.lists.set(chatId, loading);
    loading.catch(() => this.lists.delete(chatId));
    return loading;
  }

  private async load(chatId: string): Promise<OnlineMember[]> {
    const { directory, memberships, presenceOf } = this.deps;
    const states = await presenceOf(await memberships.userIdsIn(chatId, MAX_MEMBERS));
    const here = [...states].filter(([, { status }]) => status !== 'offline');
    const cards = await directory.cards(here.map(([userId]) => userId));
    return here.flatMap(([userId, presence]) => {
      const card = cards.get(userId);
      return card ? [{ card, presence }] : [];
    });
  }
}
