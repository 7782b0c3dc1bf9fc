import { randomInt } from 'node:crypto';
import { CachedLookup } from '../../../platform/cached-lookup.js';
import { AppError } from '../../../shared/errors.js';
import type { Publisher } from '../../../platform/event-bus.js';
import type { NameFilter } from '../../../shared/name-filter.js';
import type { AccessChangePoster } from '../../access-changes/index.js';
import type { Accounts } from '../accounts.js';
import type { UserAdministration } from '../administration.js';
import { emailSchema, isReservedUsername, nameSchema } from '../account-fields.js';
import type { UserEvents } from '../users.events.js';
import type { UserRecord } from '../users.model.js';
import type { UsersRepository } from '../users.repository.js';
import type { ForeignLogins } from './foreign-logins.js';
import type { ForeignProfile, ForeignToken } from './foreign-tokens.js';
import { atMost } from '../../../shared/at-most.js';

/** The account and the session of a token. */
export interface ForeignSession {
  userId: string;
  sessionId: string;
}

/** Logins whose account is remembered. */
const CACHE_SIZE = 20_000;
/** How long the account of a login is remembered, in milliseconds. */
const CACHE_TTL_MS = 10 * 60_000;
/** Usernames that are tried for a new account. */
const MAX_ATTEMPTS = 8;
/** Characters of a username before its number. */
const MAX_STEM = 22;

const hasCode = (error: unknown, ...codes: string[]): boolean =>
  error instanceof AppError && codes.includes(error.code);

/** Letters and digits of a name, as a username may have them. */
const stemOf = (name: string): string => {
  const letters = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const stem = letters
    .replace(/[^a-z0-9_.-]+/g, '.')
    .replace(/^[._-]+|[._-]+$/g, '')
    .slice(0, MAX_STEM);
  return stem.length >= 3 ? stem : 'user';
};

/** The name alone at first, then with longer and longer numbers. */
const usernameOf = (stem: string, attempt: number): string => {
  const isPlain = attempt === 0 && stem !== 'user' && !isReservedUsername(stem);
  return isPlain ? stem : `${stem}${randomInt(10 ** Math.min(attempt + 2, 7))}`;
};

const nameOr = (text: string): string => {
  const { value, error } = nameSchema.validate([...text].slice(0, 50).join(''));
  return error ? '' : (value as string);
};

/** Makes accounts for the users of issuers when they first come, and keeps them as the tokens describe them. */
export class ForeignAccounts {
  private readonly cache = new CachedLookup<{ userId: string }>({
    ...atMost(CACHE_SIZE),
    ttl: CACHE_TTL_MS,
  });

  constructor(
    private readonly deps: {
      users: UsersRepository;
      accounts: Accounts;
      names: Pick<NameFilter, 'isAllowed'>;
      administration: Pick<UserAdministration, 'setRole'>;
      logins: ForeignLogins;
      accessChanges: AccessChangePoster;
      bus: Publisher<UserEvents>;
      isAllowedPictureUrl: (url: string) => boolean;
    },
  ) {}

  /** The account of a token; made, or brought up to date, when this node sees the token's login for the first time. */
  async sessionOf(token: ForeignToken): Promise<ForeignSession> {
    const sessionId = this.deps.logins.sessionIdOf(token);
    const key = JSON.stringify([token.issuer.name, token.externalId, sessionId, token.profile]);
    const { userId } = await this.cache.get(key, () => this.signIn(token, sessionId));
    return { userId, sessionId };
  }

  private async signIn(token: ForeignToken, sessionId: string): Promise<{ userId: string }> {
    const { accounts, logins } = this.deps;
    const { issuer, externalId } = token;
    const found = await accounts.findByExternalId(issuer.name, externalId);
    const user = found ?? (await this.create(token));
    const userId = user._id.toHexString();
    await logins.remember(userId, sessionId);
    // A token that has been revoked changes nothing.
    const mayChange = !user.deactivatedAt && (await logins.isLive(userId, sessionId));
    if (mayChange) await this.update(user, token);
    return { userId };
  }

  /** Makes the account; of two first uses at once, both get the one that was made first. */
  private async create(token: ForeignToken): Promise<UserRecord> {
    const { accounts } = this.deps;
    const { issuer, externalId, profile } = token;
    const stem = this.stemFor(profile);
    let email = this.emailOf(profile);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await accounts.create({
          username: usernameOf(stem, attempt),
          email,
          ...this.namesOf(profile),
          issuer: issuer.name,
          externalId,
        });
      } catch (error) {
        if (hasCode(error, 'CONFLICT')) {
          const made = await accounts.findByExternalId(issuer.name, externalId);
          if (made) return made;
        }
        // An address proves nothing about whose the other account is: the new one goes without.
        if (hasCode(error, 'EMAIL_TAKEN')) email = undefined;
        else if (!hasCode(error, 'USERNAME_TAKEN') || attempt >= MAX_ATTEMPTS) throw error;
      }
    }
  }

  /**
   * Stores what has changed in the tokens since the last one: what the user has changed here meanwhile stays. A token
   * that is older than one that was seen changes nothing, also when another node sees that one at the same moment.
   */
  private async update(user: UserRecord, { issuedAt, profile }: ForeignToken): Promise<void> {
    const { accessChanges, accounts, administration, bus, users } = this.deps;
    const userId = user._id.toHexString();
    const { name, picture, isAdmin } = profile;
    const seen = user.seenToken;
    const setsName = name !== undefined && name !== seen?.name;
    const setsPicture =
      picture !== undefined && picture !== seen?.picture && this.deps.isAllowedPictureUrl(picture);
    const isShown = setsPicture || (setsName && seen !== undefined);
    if (setsName || setsPicture) await accessChanges.post([{ kind: 'profile', userId }]);
    const updated = await users.updateFromToken(userId, {
      ...(setsName && this.namesOf(profile)),
      ...(setsPicture && { avatar: picture }),
      seenToken: {
        issuedAt,
        ...(name !== undefined && { name }),
        ...(picture !== undefined && { picture }),
      },
    });
    if (!updated) return;
    if (isShown) bus.emit('user.updated', { userId }, { scope: 'cluster' });
    if (setsPicture) bus.emit('user.picture_changed', { userId }, { scope: 'cluster' });
    if (isAdmin === undefined || isAdmin === (updated.role === 'admin')) return;
    if (isAdmin) {
      await accounts.makeAdminByToken(userId, issuedAt);
      return;
    }
    await administration.setRole(userId, 'user').catch((error: unknown) => {
      // The last admin stays one.
      if (!hasCode(error, 'LAST_ADMIN')) throw error;
    });
  }

  /** Nobody is asked to choose another name while a token is checked, so that a filtered one is replaced. */
  private stemFor({ name, email }: ForeignProfile): string {
    const stem = stemOf(name ?? email?.split('@')[0] ?? '');
    return this.deps.names.isAllowed(stem) ? stem : 'user';
  }

  private namesOf({ name = '' }: ForeignProfile): Pick<UserRecord, 'firstName' | 'lastName'> {
    const shown = this.deps.names.isAllowed(name) ? name : '';
    const [first = '', ...rest] = shown.trim().split(/\s+/);
    return { firstName: nameOr(first), lastName: nameOr(rest.join(' ')) };
  }

  private emailOf({ email }: ForeignProfile): string | undefined {
    return email !== undefined && !emailSchema.validate(email).error ? email.trim() : undefined;
  }
}
