import { SYSTEM_USER_ID } from '../../shared/actor.js';
import { isVisible } from '../../shared/text.js';
import { createBatchLoader } from '../../platform/batch-loader.js';
import type { Freshness } from '../../platform/cached-lookup.js';
import { CachedLookup, NEVER_CONFIRMED } from '../../platform/cached-lookup.js';
import type { Subscription } from '../../platform/event-bus.js';
import type { AccessChangeEvents } from '../access-changes/index.js';
import type { UserEvents } from './users.events.js';
import type { UserStatus } from './users.model.js';
import type { CardFields, StoredPresence, UsersRepository } from './users.repository.js';
import { atMost } from '../../shared/at-most.js';

/** The fields of a user that everybody may see. */
export interface UserCard {
  id: string;
  username: string;
  firstName: string;
  lastName: string;
  /** First and last name, or the username when there is neither. */
  name: string;
  /** URL of the picture. */
  avatar: string | null;
  /** Set, and true, while the account is closed. */
  isDeactivated?: true;
  /** The id that the account has elsewhere. */
  externalId?: string;
  /** Whose id that is: the name of a configured issuer. */
  issuer?: string;
}

/** Names stored before names were checked may have no visible character. */
const nameOf = ({ username, firstName, lastName }: CardFields): string => {
  const name = `${firstName} ${lastName}`.trim();
  return isVisible(name) ? name : username;
};

/** Makes the card of a stored user. */
export const toUserCard = (user: CardFields): UserCard => ({
  id: user._id.toString(),
  username: user.username,
  firstName: user.firstName,
  lastName: user.lastName,
  name: nameOf(user),
  avatar: user.avatar,
  ...(user.deactivatedAt && { isDeactivated: true }),
  ...(user.externalId !== undefined && { externalId: user.externalId }),
  ...(user.issuer && { issuer: user.issuer }),
});

/** The sender of what a server says as the system. It has no account: nobody can sign in as it, find or add it. */
const SYSTEM_CARD: UserCard = {
  id: SYSTEM_USER_ID,
  username: 'system',
  firstName: '',
  lastName: '',
  name: 'System',
  avatar: null,
};

const CACHE_SIZE = 20_000;
/** How long a card is kept at most, in milliseconds, while the access-change feed, which names all changes, is read. */
const CACHE_TTL_MS = 600_000;

/** Cards and presence of users for the other modules; most answers come from memory. */
export class UserDirectory {
  private readonly cache: CachedLookup<UserCard>;
  private readonly reader;
  private readonly presence;
  /** When those were last here of whom it is still to be stored. */
  private readonly left = new Map<string, Date>();
  private readonly lastSeen;

  constructor(
    private readonly users: UsersRepository,
    freshness: Freshness = NEVER_CONFIRMED,
  ) {
    this.cache = new CachedLookup({
      ...atMost(CACHE_SIZE),
      ttl: CACHE_TTL_MS,
      freshness,
    });
    this.reader = createBatchLoader((userIds) => this.read(userIds));
    this.presence = createBatchLoader((userIds) => users.presence(userIds));
    this.lastSeen = createBatchLoader((userIds) => this.storeLastSeen(userIds));
  }

  readonly subscriptions: Subscription<UserEvents & AccessChangeEvents>[] = [
    {
      event: 'access.recheck',
      phase: 'state',
      on: 'every-node',
      does: 'drops the cached card of the user',
      run: ({ kind, userId }) => {
        if (kind === 'profile' || kind === 'login') this.cache.forget(userId);
      },
    },
    {
      event: 'user.updated',
      phase: 'state',
      on: 'every-node',
      does: 'drops the cached card of the user',
      run: ({ userId }) => {
        this.cache.forget(userId);
      },
    },
  ];

  /** The card of a user, also of a deactivated one: old messages keep their author's name. */
  async card(userId: string): Promise<UserCard | undefined> {
    if (userId === SYSTEM_USER_ID) return SYSTEM_CARD;
    return this.cache.get(userId, () => this.reader.load(userId));
  }

  /** The cards of those users that there are. */
  async cards(userIds: Iterable<string>): Promise<Map<string, UserCard>> {
    const cards = await Promise.all([...new Set(userIds)].map((id) => this.card(id)));
    return new Map(cards.flatMap((card) => (card ? [[card.id, card]] : [])));
  }

  /** Whether there is an account with this id that is not deactivated. */
  async exists(userId: string): Promise<boolean> {
    const card = await this.card(userId);
    return card !== undefined && card !== SYSTEM_CARD && !card.isDeactivated;
  }

  /** Those of the users whose accounts are open, read from the database. */
  async openAmong(userIds: string[]): Promise<Set<string>> {
    const statuses = await this.users.statuses(userIds);
    return new Set(userIds.filter((id) => statuses.get(id)?.isDeactivated === false));
  }

  /** User ids by username in lower case, of those names that belong to accounts that are open. */
  idsByUsername(usernames: string[]): Promise<Map<string, string>> {
    return this.users.idsByUsername(usernames);
  }

  /**
   * Stores when the user was last connected, of those who go at the same time in one write; an earlier time never
   * replaces a later one.
   */
  async setLastSeen(userId: string, at: Date): Promise<void> {
    const known = this.left.get(userId);
    if (!known || known < at) this.left.set(userId, at);
    await this.lastSeen.load(userId);
  }

  /**
   * Stores when many users were last connected, in few writes; an earlier time never replaces a later one. A
   * user whose status is `offline` was last seen when they chose it.
   */
  setLastSeenOfMany(left: Map<string, Date>): Promise<void> {
    return this.users.setLastSeen(left, { exceptHiding: true });
  }

  /** Stores the status that the user has chosen; an absent `customStatus` stays as it is. */
  setStatus(userId: string, status: UserStatus, customStatus?: string): Promise<void> {
    return this.users.setPresence(userId, status, customStatus);
  }

  /** The chosen status of users, and when they were last connected. */
  async presenceProfiles(userIds: string[]): Promise<Map<string, StoredPresence>> {
    const found = new Map<string, StoredPresence>();
    await Promise.all(
      [...new Set(userIds)].map(async (userId) => {
        const profile = await this.presence.load(userId);
        if (profile) found.set(userId, profile);
      }),
    );
    return found;
  }

  private async storeLastSeen(userIds: string[]): Promise<Map<string, true>> {
    const left = new Map(
      userIds.flatMap((userId) => {
        const at = this.left.get(userId);
        this.left.delete(userId);
        return at ? [[userId, at] as const] : [];
      }),
    );
    await this.users.setLastSeen(left, { exceptHiding: false });
    return new Map(userIds.map((userId) => [userId, true]));
  }

  private async read(ids: string[]): Promise<Map<string, UserCard>> {
    const found = await this.users.cards(ids);
    return new Map(found.map((user) => [user._id.toHexString(), toUserCard(user)]));
  }
}
