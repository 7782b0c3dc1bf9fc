import { LRUCache } from 'lru-cache';
import { objectId } from '../../platform/object-id.js';
import type { AccessModels, PresenceState } from './index.js';
import type { UserCard } from '../users/index.js';

/** Somebody who is here, as the others in the room see them. */
export interface OnlineMember {
  card: UserCard;
  presence: PresenceState;
}

/** What the list needs of other modules. */
export interface OnlineSources {
  presence(userIds: string[]): Promise<Map<string, PresenceState>>;
  cards(userIds: string[]): Promise<Map<string, UserCard>>;
  /** Everybody whom the user has blocked, or who has blocked the user. */
  blockedWith(userId: string): Promise<Set<string>>;
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
    private readonly memberships: AccessModels['memberships'],
    private readonly sources: OnlineSources,
  ) {}

  /**
   * The members who are here and not invisible, as far as the viewer may know; at most a second old. The
   * caller has checked access.
   */
  async list(viewerId: string, chatId: string): Promise<OnlineMember[]> {
    const [here, blocked] = await Promise.all([
      this.everybody(chatId),
      this.sources.blockedWith(viewerId),
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

  /** Drops a room's list, because somebody has come or gone. */
  forget(chatId: string): void {
    this.lists.delete(chatId);
  }

  private async load(chatId: string): Promise<OnlineMember[]> {
    const rows = await this.memberships
      .find({ chatId: objectId(chatId) }, { userId: 1, _id: 0 })
      .limit(MAX_MEMBERS)
      .lean();
    const states = await this.sources.presence(rows.map(({ userId }) => userId.toHexString()));
    const here = [...states].filter(([, { status }]) => status !== 'offline');
    const cards = await this.sources.cards(here.map(([userId]) => userId));
    return here.flatMap(([userId, presence]) => {
      const card = cards.get(userId);
      return card ? [{ card, presence }] : [];
    });
  }
}
