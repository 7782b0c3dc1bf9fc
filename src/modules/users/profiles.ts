import type { Config } from '../../config/index.js';
import type { Publisher } from '../../platform/event-bus.js';
import type { Actor } from '../../shared/actor.js';
import type { AppError } from '../../shared/errors.js';
import { invalidInput, notFound } from '../../shared/errors.js';
import type { Locale } from '../../shared/locale.js';
import type { Metadata } from '../../shared/metadata.js';
import { hasMetadata } from '../../shared/metadata.js';
import type { NameFilter } from '../../shared/name-filter.js';
import type { Pagination } from '../../shared/pagination.js';
import { paginate } from '../../shared/pagination.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { UserCard } from './directory.js';
import { toUserCard } from './directory.js';
import { searchWords } from './name-words.js';
import type { UserEvents } from './users.events.js';
import type { UserRecord } from './users.model.js';
import type { Usernames } from './usernames.js';
import type { UserChanges, UsersRepository } from './users.repository.js';

/** Finds who is in touch with whom. */
export interface ContactPolicy {
  /** Those of the others who have agreed to be in touch with the user. */
  agreedAmong(userId: string, otherUserIds: string[]): Promise<Set<string>>;
  /** Ids of everybody with whom the user shares a group or an accepted direct chat. */
  idsOf(userId: string): Promise<string[]>;
  /** Whether two users are in the same chat, of whatever kind. */
  areInOneChat(userId: string, otherUserId: string): Promise<boolean>;
}

/** Changes to one's own profile; absent fields do not change. */
export interface ProfileChanges {
  username?: string;
  firstName?: string;
  lastName?: string;
  bio?: string;
  avatar?: string | null;
  locale?: Locale;
  /** Changed by server keys alone; null, or an empty object, takes away what there is. */
  metadata?: Metadata | null;
}

/** A people search; `q` (also `query`) is plain text. */
export interface SearchQuery {
  q: string;
  page: number;
  limit: number;
}

/** A profile and whether its reader may see the e-mail address. */
export interface VisibleProfile {
  user: UserRecord;
  isEmailVisible: boolean;
}

/** Most people that a search reads; nobody reads a longer list. */
const SEARCH_MAX = 10_000;

/** Who may read a user's e-mail address whether or not they share a chat: the user, and admins. */
export const canAlwaysSeeEmail = (actor: Actor, userId: string): boolean =>
  actor.userId === userId || actor.role === 'admin';

const notAllowed = (): AppError =>
  invalidInput('avatar', 'an https address on one of the allowed hosts');

/** Profiles: reading, changing and searching them. */
export class Profiles {
  constructor(
    private readonly deps: {
      users: UsersRepository;
      usernames: Pick<Usernames, 'change'>;
      accessChanges: AccessChangePoster;
      bus: Publisher<UserEvents>;
      contacts: ContactPolicy;
      names: NameFilter;
      /** `SHOW_EMAIL`: who may see an e-mail address, beside its owner and admins. */
      showEmail: Config['showEmail'];
      /** `USER_DIRECTORY`: whom people find, admins excepted. */
      userDirectory: Config['userDirectory'];
      /** Whether pictures may be shown from this https URL. */
      isAllowedPictureUrl: (url: string) => boolean;
    },
  ) {}

  /**
   * The profile of a user, as far as the actor may see it.
   *
   * @throws {AppError} NOT_FOUND, also for a deactivated user, and for one whom the actor may not look up.
   */
  async profile(actor: Actor, userId: string): Promise<VisibleProfile> {
    const user = await this.deps.users.findById(userId);
    if (!user || user.deactivatedAt || !(await this.canLookUp(actor, userId))) {
      throw notFound('User');
    }
    return { user, isEmailVisible: await this.canSeeEmail(actor, userId) };
  }

  private async canLookUp(actor: Actor, userId: string): Promise<boolean> {
    if (this.deps.userDirectory === 'everyone') return true;
    if (actor.role === 'admin' || actor.userId === userId) return true;
    return this.deps.contacts.areInOneChat(actor.userId, userId);
  }

  private async canSeeEmail(actor: Actor, userId: string): Promise<boolean> {
    if (canAlwaysSeeEmail(actor, userId)) return true;
    if (this.deps.showEmail !== 'contacts') return false;
    return (await this.deps.contacts.agreedAmong(actor.userId, [userId])).has(userId);
  }

  /**
   * Changes the actor's own profile and answers the new one. The URL of the current picture may be among the
   * changes, also that of an upload: a client may send back the profile that it has read.
   *
   * @throws {AppError} VALIDATION for any other picture that is not on an allowed host and for filtered words, and what a change of the
   *   username throws ({@link Usernames.change}).
   */
  async updateProfile(actor: Actor, changes: ProfileChanges): Promise<UserRecord> {
    const { avatar, username, metadata, ...others } = changes;
    const data =
      metadata === undefined ? {} : { metadata: hasMetadata(metadata) ? metadata : null };
    const { firstName, lastName, bio } = others;
    this.deps.names.assertNames({ username, firstName, lastName, bio });
    const setsPicture = avatar !== undefined && !(await this.keepsPicture(actor.userId, avatar));
    const fields = { ...others, ...data, ...(setsPicture && { avatar }) };
    return this.change(actor.userId, fields, username);
  }

  /**
   * Sets the URL of a user's picture; null removes it.
   *
   * @throws {AppError} NOT_FOUND
   */
  async setAvatar(userId: string, avatar: string | null): Promise<UserRecord> {
    return this.change(userId, { avatar });
  }

  /** @throws {AppError} VALIDATION for a picture of a new account that is not on an allowed host. */
  requireAllowedPicture(avatar: string): void {
    if (!this.deps.isAllowedPictureUrl(avatar)) throw notAllowed();
  }

  /** Whether the URL of the user's picture contains `part`. */
  async hasPicture(userId: string, part: string): Promise<boolean> {
    return (await this.deps.users.pictureOf(userId))?.includes(part) ?? false;
  }

  /**
   * People other than the actor whose username and names contain words that begin with each word of `q`: all,
   * or those whom USER_DIRECTORY lets the actor find.
   */
  async search(
    actor: Actor,
    { q, page, limit }: SearchQuery,
  ): Promise<{ cards: UserCard[]; pagination: Pagination }> {
    const amongIds = await this.findable(actor);
    const { users, total } = await this.deps.users.searchPeople({
      words: searchWords(q),
      amongIds,
      exceptUserId: actor.userId,
      maxCount: SEARCH_MAX,
      page,
      limit,
    });
    return { cards: users.map(toUserCard), pagination: paginate({ page, limit }, total) };
  }

  /** The ids among which the actor finds people; undefined: all. */
  private async findable(actor: Actor): Promise<string[] | undefined> {
    const { contacts, userDirectory } = this.deps;
    if (userDirectory === 'everyone' || actor.role === 'admin') return undefined;
    return userDirectory === 'none' ? [] : contacts.idsOf(actor.userId);
  }

  /** Whether a URL that is not allowed is that of the current picture. */
  private async keepsPicture(userId: string, avatar: string | null): Promise<boolean> {
    if (avatar === null || this.deps.isAllowedPictureUrl(avatar)) return false;
    if ((await this.deps.users.pictureOf(userId)) === avatar) return true;
    throw notAllowed();
  }

  private async change(
    userId: string,
    changes: UserChanges,
    username?: string,
  ): Promise<UserRecord> {
    const { accessChanges, bus, users, usernames } = this.deps;
    await accessChanges.post([{ kind: 'profile', userId }]);
    const user =
      username === undefined
        ? await users.update(userId, changes)
        : await usernames.change(userId, username, changes);
    if (!user) throw notFound('User');
    bus.emit('user.updated', { userId }, { scope: 'cluster' });
    if ('avatar' in changes) bus.emit('user.picture_changed', { userId }, { scope: 'cluster' });
    return user;
  }
}
