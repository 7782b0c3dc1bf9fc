/** Users of a node that has died, and when it was last known to live. */
export interface Orphans {
  userIds: string[];
  lastSeen: Date;
}

/**
 * On which nodes users are. A node notes a user once, however many sockets they have on it; what it
 * has noted holds while the node renews its lease.
 */
export interface PresenceStore {
  /** Notes that a user is on this node; answers whether they were on no other. */
  enter(userId: string): Promise<boolean>;
  /** Notes that a user is no longer on this node; answers whether they are on no other. */
  leave(userId: string): Promise<boolean>;
  /** Of these users, those who are on some node. */
  online(userIds: string[]): Promise<Set<string>>;
  /**
   * Renews this node's lease. `lapsed` means that the others have taken this node for dead meanwhile
   * and have announced its users as gone.
   */
  renew(): Promise<'kept' | 'lapsed'>;
  /**
   * Users who have come or gone while the other nodes could not be asked or told, once they can be; each is
   * answered once.
   */
  takeUnheard(): string[];
  /** Takes over some users of a dead node, each of whom is given to one caller; undefined: there are none. */
  takeOrphans(): Promise<Orphans | undefined>;
  /** Lets this node's lease end in so many milliseconds; the others then announce who has not come back. */
  release(ms: number): Promise<void>;
}

/** Presence of a single node. */
export class MemoryPresenceStore implements PresenceStore {
  private readonly users = new Set<string>();

  enter(userId: string): Promise<boolean> {
    this.users.add(userId);
    return Promise.resolve(true);
  }

  leave(userId: string): Promise<boolean> {
    this.users.delete(userId);
    return Promise.resolve(true);
  }

  online(userIds: string[]): Promise<Set<string>> {
    return Promise.resolve(new Set(userIds.filter((userId) => this.users.has(userId))));
  }

  renew(): Promise<'kept'> {
    return Promise.resolve('kept');
  }

  takeUnheard(): string[] {
    return [];
  }

  takeOrphans(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  release(): Promise<void> {
    this.users.clear();
    return Promise.resolve();
  }
}
