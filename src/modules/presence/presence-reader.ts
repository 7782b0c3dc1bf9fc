import type { Actor } from '../../shared/actor.js';
import { notFound } from '../../shared/errors.js';
import type { UserCard, UserStatus } from '../users/index.js';
import type { PresenceAudiences } from './presence-audiences.js';
import type { PresenceStore } from './presence-store.js';

/** What people have chosen to show, and when they were last here. */
export interface PresenceProfile {
  status: UserStatus;
  customStatus: string;
  lastSeenAt: Date | null;
}

/** A user's presence as others see it. */
export interface VisiblePresence {
  status: UserStatus;
  /** Empty while they are offline. */
  customStatus: string;
  /** ISO time; null while they are here, and when they have never been. */
  lastSeen: string | null;
}

/** A user who is here, as a list of them shows it. */
export interface OnlineUser {
  card: UserCard;
  presence: VisiblePresence;
}

/** The profile of a user who has none stored. */
export const UNKNOWN_PROFILE: PresenceProfile = {
  status: 'online',
  customStatus: '',
  lastSeenAt: null,
};

/** Answers the presence of users as others see it. */
export class PresenceReader {
  constructor(
    private readonly store: Pick<PresenceStore, 'online'>,
    private readonly audiences: Pick<PresenceAudiences, 'mayKnow' | 'visibleTo'>,
    private readonly directory: {
      presenceProfiles(userIds: string[]): Promise<Map<string, PresenceProfile>>;
      cards(userIds: Iterable<string>): Promise<Map<string, UserCard>>;
    },
  ) {}

  /** Presence by user id, as somebody who may know sees it. */
  async states(userIds: string[]): Promise<Map<string, VisiblePresence>> {
    const [online, profiles] = await Promise.all([
      this.store.online(userIds),
      this.directory.presenceProfiles(userIds),
    ]);
    return new Map(
      userIds.map((userId) => [
        userId,
        visiblePresence(online.has(userId), profiles.get(userId) ?? UNKNOWN_PROFILE),
      ]),
    );
  }

  /**
   * A user's presence, for somebody who may know it.
   *
   * @throws {AppError} NOT_FOUND for everybody else, and when there is no such user.
   */
  async statusFor(viewer: Actor, userId: string): Promise<VisiblePresence> {
    if (!(await this.audiences.mayKnow(viewer.userId, userId))) throw notFound('User');
    return (await this.states([userId])).get(userId)!;
  }

  /** Those who are here and whose presence the viewer may know, by username. */
  async onlineFor(viewer: Actor): Promise<OnlineUser[]> {
    const states = await this.states(await this.audiences.visibleTo(viewer.userId));
    const here = [...states].filter(([, { status }]) => status !== 'offline');
    const cards = await this.directory.cards(here.map(([userId]) => userId));
    return here
      .flatMap(([userId, presence]) => {
        const card = cards.get(userId);
        return card && !card.isDeactivated ? [{ card, presence }] : [];
      })
      .sort((a, b) => a.card.username.localeCompare(b.card.username));
  }
}

/** What others see of a user: those who hide look as if they were away. */
const visiblePresence = (isHere: boolean, profile: PresenceProfile): VisiblePresence =>
  isHere && profile.status !== 'offline'
    ? { status: profile.status, customStatus: profile.customStatus, lastSeen: null }
    : { status: 'offline', customStatus: '', lastSeen: profile.lastSeenAt?.toISOString() ?? null };
