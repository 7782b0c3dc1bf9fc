import type { Freshness } from '../../platform/cached-lookup.js';
import { CachedLookup } from '../../platform/cached-lookup.js';
import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, invalidInput, notFound } from '../../shared/errors.js';
import type { ServerAuthenticator, ServerCaller, ServerScope } from '../../shared/server-caller.js';
import type { AccessChangeEvents, AccessChangePoster } from '../access-changes/index.js';
import type { AuditTrail } from '../users/index.js';
import { isSameHash, newKey, parseKey } from './key-text.js';
import type { ServerKeyEvents } from './server-keys.events.js';
import type { ServerKeyRecord, ServerKeysRepository } from './server-keys.repository.js';
import { atMost } from '../../shared/at-most.js';

/** A key to be made. */
export interface NewKeyInput {
  name: string;
  scopes: ServerScope[];
  /** When it ends by itself; never when absent. */
  expiresAt?: Date | undefined;
}

/** Which keys to list; `before` is the id of a key. */
export interface KeyQuery {
  before?: string | undefined;
  limit: number;
}

/** Keys that are valid at a time: one per service and stage, and not one per user. */
const MAX_VALID_KEYS = 1000;

/** The keys of servers that act for whoever runs Parley; admins make and revoke them. */
export class ServerKeys {
  constructor(
    private readonly deps: {
      keys: ServerKeysRepository;
      audit: Pick<AuditTrail, 'during'>;
      bus: Publisher<ServerKeyEvents>;
      accessChanges: AccessChangePoster;
      clock: Clock;
    },
  ) {}

  /**
   * Makes a key. Its text is in this answer and nowhere else: only a hash is stored.
   *
   * @throws {AppError} VALIDATION for an end in the past, CONFLICT when there are {@link MAX_VALID_KEYS}.
   */
  async create(
    actor: Actor,
    { name, scopes, expiresAt }: NewKeyInput,
  ): Promise<{ record: ServerKeyRecord; key: string }> {
    const { audit, clock, keys } = this.deps;
    const now = new Date(clock.now());
    if (expiresAt && expiresAt <= now) throw invalidInput('expiresAt', 'a time that is to come');
    if ((await keys.countValid(now)) >= MAX_VALID_KEYS) throw tooManyKeys();
    const { key, ...parts } = newKey();
    const record = await audit.during(
      actor,
      { action: 'keys.create', subject: parts.prefix, details: { name, scopes } },
      () =>
        keys.create({
          ...parts,
          name,
          scopes,
          createdBy: actor.userId,
          createdAt: now,
          expiresAt: expiresAt ?? null,
        }),
      ({ _id }) => ({ keyId: _id.toHexString() }),
    );
    return { record, key };
  }

  /** The keys, newest first, revoked and expired ones too. */
  async list({ before, limit }: KeyQuery): Promise<{ keys: ServerKeyRecord[]; hasMore: boolean }> {
    const keys = await this.deps.keys.newest(before, limit + 1);
    return { keys: keys.slice(0, limit), hasMore: keys.length > limit };
  }

  /**
   * Revokes a key for good, on every node within a second. Doing it again changes nothing.
   *
   * @throws {AppError} NOT_FOUND
   */
  async revoke(actor: Actor, keyId: string): Promise<ServerKeyRecord> {
    const { accessChanges, audit, bus, clock, keys } = this.deps;
    const found = await keys.find(keyId);
    if (!found) throw notFound('Server key');
    return audit.during(
      actor,
      { action: 'keys.revoke', subject: found.prefix, details: { keyId, name: found.name } },
      async () => {
        await accessChanges.post([{ kind: 'key', userId: keyId }]);
        const revoked = await keys.revoke(keyId, new Date(clock.now()));
        if (!revoked) throw notFound('Server key');
        bus.emit('server_key.revoked', { keyId }, { scope: 'cluster' });
        return revoked;
      },
    );
  }
}

/**
 * The keys whose calls a node remembers, and for how long at most, in milliseconds, while the access-change feed, which
 * names all that are revoked, is read.
 */
const KEPT = { ...atMost(2000), ttl: 60_000 };

/**
 * Recognises server keys. A key is remembered for as long as the access-change feed is read, and forgotten at once when it is revoked; when it was
 * last used is gathered here and stored once a minute.
 */
export class ServerKeyAuthenticator implements ServerAuthenticator {
  private readonly cache: CachedLookup<ServerKeyRecord>;
  /** Uses that are not stored yet, by key; as many as there are keys. */
  private used = new Map<string, Date>();

  constructor(
    private readonly keys: ServerKeysRepository,
    private readonly clock: Clock,
    freshness: Freshness,
  ) {
    this.cache = new CachedLookup({ ...KEPT, freshness });
  }

  /** Forget keys that have been revoked, here or on another node. */
  get subscriptions(): Subscription<ServerKeyEvents & AccessChangeEvents>[] {
    const shared = {
      phase: 'state',
      on: 'every-node',
      does: 'drops the cached server keys',
    } as const;
    return [
      {
        event: 'server_key.revoked',
        ...shared,
        run: () => {
          this.cache.clear();
        },
      },
      {
        event: 'access.recheck',
        ...shared,
        run: ({ kind }) => {
          // Keys are few, and remembered by their beginning, which the change does not name.
          if (kind === 'key') this.cache.clear();
        },
      },
    ];
  }

  async authenticate(key: string | undefined): Promise<ServerCaller> {
    if (!key) throw new AppError('UNAUTHENTICATED', 'Send a server key as Authorization: Bearer');
    const parts = parseKey(key);
    if (!parts) {
      throw new AppError('UNAUTHENTICATED', 'This is no server key, or it is mistyped or cut off');
    }
    const record = await this.cache.get(
      parts.prefix,
      async () => (await this.keys.byPrefix(parts.prefix)) ?? undefined,
    );
    // The same answer for all: who has no valid key learns nothing of those that there were.
    if (!record || !isSameHash(record.hash, parts.hash) || !this.isValid(record)) {
      throw new AppError('UNAUTHENTICATED', 'This server key is not valid (any more)');
    }
    const keyId = record._id.toHexString();
    this.used.set(keyId, new Date(this.clock.now()));
    return { keyId, keyName: record.name, scopes: new Set(record.scopes) };
  }

  /** Stores when the keys were last used. */
  async storeUses(): Promise<void> {
    if (this.used.size === 0) return;
    const { used } = this;
    this.used = new Map();
    await this.keys.setLastUsed(used);
  }

  private isValid({ expiresAt, revokedAt }: ServerKeyRecord): boolean {
    return !revokedAt && (expiresAt === null || expiresAt.getTime() > this.clock.now());
  }
}

const tooManyKeys = (): AppError =>
  new AppError('CONFLICT', `There can be at most ${MAX_VALID_KEYS} valid server keys; revoke some`);
