import { isDuplicateKey } from '../../platform/driver-error.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, invalidInput } from '../../shared/errors.js';
import { identityForm, isReservedUsername } from './account-fields.js';
import type { FormerName, UserRecord } from './users.model.js';
import type { UserChanges, UsersRepository } from './users.repository.js';

/**
 * How long a former username is kept from others: links to it, and people who remember it, still mean its
 * former owner.
 */
const KEPT_MS = 30 * 24 * 3_600_000;
/**
 * Most former usernames of one account that are kept, so that nobody can take many names away from others.
 */
const MAX_FORMER_NAMES = 10;

/** The refusal of a name that is taken, or kept for its former owner. */
export const usernameTaken = (): AppError =>
  new AppError('USERNAME_TAKEN', 'This username is taken');

const reserved = (): AppError => invalidInput('username', 'this name is reserved');

/** Changes of usernames. */
export class Usernames {
  constructor(
    private readonly deps: {
      users: Pick<UsersRepository, 'findById' | 'releaseUsername' | 'rename'>;
      clock: Clock;
    },
  ) {}

  /**
   * Gives an account another username, in one write with other changes. The former one is kept for its owner
   * for 30 days: nobody else can take it, and the owner can take it back. Logins stay.
   *
   * @returns the account as it is then, or null when there is none.
   * @throws {AppError} USERNAME_TAKEN; VALIDATION for a reserved name that is not the account's own former one; RATE_LIMITED after ten changes in 30 days;
   *   CONFLICT when another change of the same name was faster.
   */
  async change(userId: string, username: string, others: UserChanges): Promise<UserRecord | null> {
    const { users, clock } = this.deps;
    const user = await users.findById(userId);
    if (!user) return null;
    const [from, to] = [user.usernameLower, identityForm(username)];
    const isOther = from !== to;
    const now = new Date(clock.now());
    const isOwn = !isOther || isKeptFor(user, to, now);
    if (!isOwn && isReservedUsername(username)) throw reserved();
    if (isOther) await users.releaseUsername(to, now);
    const changes = { ...others, username, ...(isOther && namesAfter(user, to, now)) };
    const changed = await users.rename(userId, from, changes).catch((error: unknown) => {
      throw isDuplicateKey(error) ? usernameTaken() : error;
    });
    if (!changed) throw new AppError('CONFLICT', 'The username was changed meanwhile');
    return changed;
  }
}

/** Whether a name is kept for an account, which has had it. */
const isKeptFor = ({ formerNames = [] }: UserRecord, name: string, now: Date): boolean =>
  formerNames.some((former) => former.name === name && former.until > now);

/** The names of an account after it has taken another. */
const namesAfter = (
  { usernameLower, formerNames = [] }: UserRecord,
  to: string,
  now: Date,
): Pick<UserRecord, 'usernameLower' | 'names' | 'formerNames'> => {
  const kept = formerNames.filter(({ name, until }) => name !== to && until > now);
  if (kept.length >= MAX_FORMER_NAMES) throw tooManyChanges(kept, now);
  const former = [...kept, { name: usernameLower, until: new Date(now.getTime() + KEPT_MS) }];
  return {
    usernameLower: to,
    names: [to, ...former.map(({ name }) => name)],
    formerNames: former,
  };
};

const tooManyChanges = (kept: FormerName[], now: Date): AppError => {
  const next = Math.min(...kept.map(({ until }) => until.getTime()));
  return new AppError('RATE_LIMITED', 'The username was changed too often', {
    retryAfter: Math.ceil((next - now.getTime()) / 1000),
  });
};
