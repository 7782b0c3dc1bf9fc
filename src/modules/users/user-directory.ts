import { LRUCache } from 'lru-cache';
import { trusted } from 'mongoose';
import type { Model } from 'mongoose';
import { createBatchLoader } from '../../platform/batch-loader.js';
import type { Subscription } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import type { UserCard } from './user-card.js';
import { CARD_FIELDS, toUserCard } from './user-card.js';
import type { UserEvents } from './users.events.js';
import type { UserDoc, UserStatus } from './users.model.js';

interface Entry {
  card: UserCard;
  isActive: boolean;
}

/** What is stored of a user's presence. */
interface StoredPresence {
  status: UserStatus;
  customStatus: string;
  lastSeenAt: Date | null;
}

const CACHE_SIZE = 20_000;
/** How long a node may show an old name when the news of a change has not reached it. */
const CACHE_TTL_MS = 5000;
/** Writes sent together. */
const MAX_WRITES = 1000;

/** What the other modules need to know of users, fast: most answers come from memory. */
export class UserDirectory {
  private readonly cache = new LRUCache<string, Entry>({ max: CACHE_SIZE, ttl: CACHE_TTL_MS });
  /** Look-ups under way: who asks for the same user meanwhile waits for the same answer. */
  private readonly loading = new Map<string, Promise<Entry | undefined>>();
  private readonly profiles = createBatchLoader((userIds) => this.readProfiles(userIds));

  constructor(private readonly users: Model<UserDoc>) {}

  readonly subscriptions: Subscription<UserEvents>[] = [
    {
      event: 'user.updated',
      phase: 'state',
      on: 'every-node',
      does: 'forgets the card of the user',
      run: ({ userId }) => {
        this.cache.delete(userId);
        this.loading.delete(userId);
      },
    },
  ];

  /** The card of a user, also of a deactivated one: old messages keep their author's name. */
  async card(userId: string): Promise<UserCard | undefined> {
    return (await this.cards([userId])).get(userId);
  }

  /** The cards of those users that there are. */
  async cards(userIds: Iterable<string>): Promise<Map<string, UserCard>> {
    const entries = await this.entries(userIds);
    return new Map([...entries].map(([id, { card }]) => [id, card]));
  }

  /** Whether there is an account with this id that is not deactivated. */
  async exists(userId: string): Promise<boolean> {
    return (await this.entries([userId])).get(userId)?.isActive ?? false;
  }

  /** User ids by username in lower case, of those names that belong to accounts that are open. */
  async idsByUsername(usernames: string[]): Promise<Map<string, string>> {
    const users = await this.users
      .find(
        { usernameLower: trusted({ $in: usernames }), deactivatedAt: null },
        { usernameLower: 1 },
      )
      .lean();
    return new Map(users.map(({ usernameLower, _id }) => [usernameLower, _id.toHexString()]));
  }

  /** Remembers when the user was last connected; an earlier time never replaces a later one. */
  async setLastSeen(userId: string, at: Date): Promise<void> {
    await this.users.updateOne(
      { _id: userId },
      { $max: { lastSeenAt: at } },
      { timestamps: false },
    );
  }

  /**
   * Remembers when users were last connected who leave together, by few writes; an earlier time never
   * replaces a later one. Who has chosen to be `offline` was last seen when they chose it.
   */
  async setLastSeenOfMany(left: Map<string, Date>): Promise<void> {
    const writes = [...left].map(([userId, lastSeenAt]) => ({
      updateOne: {
        filter: { _id: objectId(userId), status: { $ne: 'offline' as const } },
        update: { $max: { lastSeenAt } },
      },
    }));
    for (let i = 0; i < writes.length; i += MAX_WRITES) {
      const batch = writes.slice(i, i + MAX_WRITES);
      await this.users.collection.bulkWrite(batch, { ordered: false });
    }
  }

  /** Remembers the status that the user has chosen; an absent `customStatus` stays as it is. */
  async setStatus(userId: string, status: UserStatus, customStatus?: string): Promise<void> {
    await this.users.updateOne(
      { _id: userId },
      { $set: { status, ...(customStatus !== undefined && { customStatus }) } },
    );
  }

  /** The chosen status of users, and when they were last connected. */
  async presenceProfiles(userIds: string[]): Promise<Map<string, StoredPresence>> {
    const found = new Map<string, StoredPresence>();
    await Promise.all(
      [...new Set(userIds)].map(async (userId) => {
        const profile = await this.profiles.load(userId);
        if (profile) found.set(userId, profile);
      }),
    );
    return found;
  }

  private async readProfiles(userIds: string[]): Promise<Map<string, StoredPresence>> {
    const users = await this.users
      .find({ _id: trusted({ $in: userIds }) }, { status: 1, customStatus: 1, lastSeenAt: 1 })
      .lean();
    return new Map(
      users.map(({ _id, status, customStatus, lastSeenAt }) => [
        _id.toHexString(),
        { status, customStatus: customStatus ?? '', lastSeenAt: lastSeenAt ?? null },
      ]),
    );
  }

  private async entries(userIds: Iterable<string>): Promise<Map<string, Entry>> {
    const found = new Map<string, Entry>();
    const awaited = new Map<string, Promise<Entry | undefined>>();
    const missing: string[] = [];
    for (const id of new Set(userIds)) {
      const entry = this.cache.get(id);
      const loading = this.loading.get(id);
      if (entry) found.set(id, entry);
      else if (loading) awaited.set(id, loading);
      else missing.push(id);
    }
    if (missing.length > 0) {
      for (const [id, loading] of this.load(missing)) awaited.set(id, loading);
    }
    for (const [id, loading] of awaited) {
      const entry = await loading;
      if (entry) found.set(id, entry);
    }
    return found;
  }

  /** Reads users in one query; each becomes known on its own, unless it has changed meanwhile. */
  private load(ids: string[]): Map<string, Promise<Entry | undefined>> {
    const reading = this.read(ids);
    const perUser = ids.map((id) => {
      const loading = reading.then((entries) => entries.get(id));
      const settle = (entry?: Entry) => {
        if (this.loading.get(id) !== loading) return;
        this.loading.delete(id);
        if (entry) this.cache.set(id, entry);
      };
      this.loading.set(id, loading);
      loading.then(settle, () => {
        settle();
      });
      return [id, loading] as const;
    });
    return new Map(perUser);
  }

  private async read(ids: string[]): Promise<Map<string, Entry>> {
    const users = await this.users
      .find({ _id: trusted({ $in: ids }) }, { ...CARD_FIELDS, deactivatedAt: 1 })
      .lean();
    return new Map(
      users.map((user) => {
        const card = toUserCard(user);
        return [card.id, { card, isActive: user.deactivatedAt === null }];
      }),
    );
  }
}
