import { trusted } from 'mongoose';
import type { Model, QueryFilter } from 'mongoose';
import type { Publisher } from '../../platform/event-bus.js';
import type { Actor } from '../../shared/actor.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { Pagination } from '../../shared/pagination.js';
import { paginate } from '../../shared/pagination.js';
import { fold } from './account.js';
import type { UserCard } from './user-card.js';
import { CARD_FIELDS, toUserCard } from './user-card.js';
import type { UserEvents } from './users.events.js';
import type { UserDoc } from './users.model.js';
import type { ContactPolicy } from './users.policy.js';
import { canAlwaysSeeEmail } from './users.policy.js';

/** What the service is built from. */
export interface UserServiceDeps {
  users: Model<UserDoc>;
  bus: Publisher<UserEvents>;
  contacts: ContactPolicy;
  /** Whether pictures may be shown from this https URL. */
  isAllowedPictureUrl: (url: string) => boolean;
}

/** Changes to one's own profile; what is left out stays. */
export interface ProfileChanges {
  firstName?: string;
  lastName?: string;
  bio?: string;
  avatar?: string | null;
}

/** A people search; `q` (also `query`) is plain text. */
export interface SearchQuery {
  q: string;
  page: number;
  limit: number;
}

/** A profile and whether its reader may see the e-mail address. */
export interface VisibleProfile {
  user: UserDoc;
  isEmailVisible: boolean;
}

/** Looks after the files of pictures; told when a user is about to have another picture, or none. */
export type PictureKeeper = (userId: string) => Promise<void>;

/** The search looks at this many people at most; a longer list is of no use to a person. */
const SEARCH_MAX = 10_000;

/** Use cases around profiles. */
export class UserService {
  private readonly pictureKeepers: PictureKeeper[] = [];

  constructor(private readonly deps: UserServiceDeps) {}

  /** Has somebody told of every change of a picture, before it is made. */
  beforePictureChange(keeper: PictureKeeper): void {
    this.pictureKeepers.push(keeper);
  }

  /**
   * The profile of a user, as far as the actor may see it.
   *
   * @throws {AppError} NOT_FOUND, also for a deactivated user.
   */
  async profile(actor: Actor, userId: string): Promise<VisibleProfile> {
    const user = await this.deps.users.findById(userId).lean();
    if (!user || user.deactivatedAt) throw notFound('User');
    const isEmailVisible =
      canAlwaysSeeEmail(actor, userId) ||
      (await this.deps.contacts.shareChat(actor.userId, userId));
    return { user, isEmailVisible };
  }

  /**
   * Changes the actor's own profile and answers the new one. The address of the picture that is set may be
   * among the changes, also that of an upload, as of a profile that was read and is written back.
   *
   * @throws {AppError} VALIDATION for any other picture that is not on an allowed host.
   */
  async updateProfile(actor: Actor, changes: ProfileChanges): Promise<UserDoc> {
    const { avatar, ...others } = changes;
    const { firstName, lastName } = changes;
    const setsPicture = avatar !== undefined && !(await this.keepsPicture(actor.userId, avatar));
    return this.change(actor.userId, {
      ...others,
      ...(setsPicture && { avatar }),
      ...(firstName !== undefined && { firstNameLower: fold(firstName) }),
      ...(lastName !== undefined && { lastNameLower: fold(lastName) }),
    });
  }

  /** Sets the URL of a user's picture; null removes it. */
  async setAvatar(userId: string, avatar: string | null): Promise<UserDoc> {
    return this.change(userId, { avatar });
  }

  /** Whether the user's picture has an address with this in it. */
  async hasPicture(userId: string, part: string): Promise<boolean> {
    const user = await this.deps.users.findById(userId, { avatar: 1 }).lean();
    return user?.avatar?.includes(part) ?? false;
  }

  /** People other than the actor whose username, first or last name starts with each word of `q`. */
  async search(
    actor: Actor,
    { q, page, limit }: SearchQuery,
  ): Promise<{ cards: UserCard[]; pagination: Pagination }> {
    const filter: QueryFilter<UserDoc> = {
      _id: trusted({ $ne: actor.userId }),
      deactivatedAt: null,
      $and: searchWords(q).map(startsWithWord),
    };
    const [users, total] = await Promise.all([
      this.deps.users
        .find(filter, CARD_FIELDS)
        .sort({ usernameLower: 1 })
        .skip((page - 1) * limit)
        .limit(limit)
        .lean(),
      this.deps.users.countDocuments(filter, { limit: SEARCH_MAX }),
    ]);
    return { cards: users.map(toUserCard), pagination: paginate({ page, limit }, total) };
  }

  /** Whether an address that nobody may choose is that of the picture which is there already. */
  private async keepsPicture(userId: string, avatar: string | null): Promise<boolean> {
    if (avatar === null || this.deps.isAllowedPictureUrl(avatar)) return false;
    const user = await this.deps.users.findById(userId, { avatar: 1 }).lean();
    if (user?.avatar === avatar) return true;
    const message = 'avatar must be an https URL on one of the allowed hosts';
    throw new AppError('VALIDATION', message, { errors: [{ path: 'avatar', message }] });
  }

  private async change(userId: string, changes: Partial<UserDoc>): Promise<UserDoc> {
    // Before the write, so that a crash in between leaves no picture that nobody looks after.
    if ('avatar' in changes) for (const tell of this.pictureKeepers) await tell(userId);
    const user = await this.deps.users
      .findByIdAndUpdate(userId, { $set: changes }, { returnDocument: 'after' })
      .lean();
    if (!user) throw notFound('User');
    this.deps.bus.emit('user.updated', { userId }, { scope: 'cluster' });
    return user;
  }
}

/** Words that a people search looks up at most: each costs three ranges. More are not looked at. */
const MAX_SEARCH_WORDS = 5;

/**
 * The words of a people search, folded. One that another begins with is left out: whatever starts with
 * the longer starts with it too.
 */
export const searchWords = (q: string): string[] => {
  const words = [...new Set(fold(q).split(/\s+/).filter(Boolean))];
  return words
    .filter((word) => !words.some((other) => other !== word && other.startsWith(word)))
    .slice(0, MAX_SEARCH_WORDS);
};

/** Sorts after every character that a name may have. */
const LAST_CHARACTER = '\u{10FFFF}';

/**
 * Accounts one of whose names starts with the word: a range, which the indexes of the lower-case fields
 * serve, and in which no character is special.
 */
export const startsWithWord = (word: string): QueryFilter<UserDoc> => {
  const range = trusted({ $gte: word, $lt: `${word}${LAST_CHARACTER}` });
  return {
    $or: [{ usernameLower: range }, { firstNameLower: range }, { lastNameLower: range }],
  };
};
