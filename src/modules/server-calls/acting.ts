import { LRUCache } from 'lru-cache';
import type { Actor } from '../../shared/actor.js';
import { SYSTEM_USER_ID } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { ServerCaller } from '../../shared/server-caller.js';
import { requireScope } from '../../shared/server-caller.js';
import type { AccountStatus, AuditTrail } from '../users/index.js';
import { atMost } from '../../shared/at-most.js';

/** The caller, as the system. */
export const asSystem = ({ keyId }: ServerCaller): Actor => ({
  userId: SYSTEM_USER_ID,
  role: 'user',
  sessionId: '',
  server: { keyId, as: 'system' },
});

/** Kinds of acts that a node remembers to have recorded. */
const MAX_REMEMBERED = 10_000;
const HOUR_MS = 3_600_000;

/**
 * Acts of servers in the audit trail. A bot may act for somebody many times a second: what a key does to one user or
 * chat is recorded once an hour on each node, before it is done for the first time.
 */
export class ActingRecords {
  private readonly recorded = new LRUCache<string, Promise<void>>({
    ...atMost(MAX_REMEMBERED),
    ttl: HOUR_MS,
  });

  constructor(
    private readonly audit: Pick<AuditTrail, 'record'>,
    private readonly clock: Clock,
  ) {}

  /** Resolves when the database has a record of this hour. */
  note(caller: ServerCaller, action: string, subject: string): Promise<void> {
    const hour = Math.floor(this.clock.now() / HOUR_MS);
    const key = `${caller.keyId} ${action} ${subject} ${hour}`;
    const earlier = this.recorded.get(key);
    if (earlier) return earlier;
    const recording = this.audit
      .record(asSystem(caller), action, subject, { key: caller.keyName })
      .catch((error: unknown) => {
        this.recorded.delete(key);
        throw error;
      });
    this.recorded.set(key, recording);
    return recording;
  }
}

/** Lets servers act in the name of their users. */
export class ActingForUsers {
  constructor(
    private readonly records: ActingRecords,
    private readonly accounts: { status(userId: string): Promise<AccountStatus | undefined> },
  ) {}

  /**
   * The caller in the name of a user, with what a user who is no admin may do; as the system where none is named.
   *
   * @throws {AppError} SCOPE_MISSING without `act-as`, NOT_FOUND, ACCOUNT_DEACTIVATED.
   */
  async actorFor(caller: ServerCaller, userId: string | undefined): Promise<Actor> {
    if (userId === undefined) return asSystem(caller);
    requireScope(caller, 'act-as');
    const status = await this.accounts.status(userId);
    if (!status) throw notFound('User');
    if (status.isDeactivated) {
      throw new AppError('ACCOUNT_DEACTIVATED', 'This account has been deactivated');
    }
    await this.records.note(caller, 'server.act_as', userId);
    return { userId, role: 'user', sessionId: '', server: { keyId: caller.keyId, as: 'user' } };
  }
}
