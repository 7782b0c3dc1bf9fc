import type { Actor } from '../../shared/actor.js';
import { notFound } from '../../shared/errors.js';
import type { UserCard } from '../users/index.js';
import type { PresenceAudiences } from './presence-audiences.js';
import type { PresenceProfile, VisiblePresence } from './presence.view.js';
import { UNKNOWN_PROFILE, visiblePresence } from './presence.view.js';
import type { PresenceStore } from './presence-store.js';

/** Somebody who is here. */
export interface OnlineUser {
  card: UserCard;
  presence: VisiblePresence;
}

/** What seeing is built from. */
export interface PresenceReaderParts {
  store: Pick<PresenceStore, 'online'>;
  audiences: PresenceAudiences;
  directory: {
    presenceProfiles(userIds: string[]): Promise<Map<string, PresenceProfile>>;
    cards(userIds: Iterable<string>): Promise<Map<string, UserCard>>;
  };
}

/** Where people stand, as others see it. */
export class PresenceReader {
  constructor(private readonly parts: PresenceReaderParts) {}

  /** Where users stand, as somebody who may know sees it: the invisible look as if they were away. */
  async states(userIds: string[]): Promise<Map<string, VisiblePresence>> {
    const [online, profiles] = await Promise.all([
      this.parts.store.online(userIds),
      this.parts.directory.presenceProfiles(userIds),
    ]);
    return new Map(
      userIds.map((userId) => [
        userId,
        visiblePresence(online.has(userId), profiles.get(userId) ?? UNKNOWN_PROFILE),
      ]),
    );
  }

  /**
   * Where a user stands, for somebody who may know.
   *
   * @throws {AppError} NOT_FOUND for everybody else, and when there is no such user.
   */
  async statusFor(viewer: Actor, userId: string): Promise<VisiblePresence> {
    if (!(await this.parts.audiences.mayKnow(viewer.userId, userId))) throw notFound('User');
    return (await this.states([userId])).get(userId)!;
  }

  /** Those who are here and of whom the viewer may know, by username. */
  async onlineFor(viewer: Actor): Promise<OnlineUser[]> {
    const states = await this.states(await this.parts.audiences.visibleTo(viewer.userId));
    const here = [...states].filter(([, { status }]) => status !== 'offline');
    const cards = await this.parts.directory.cards(here.map(([userId]) => userId));
    return here
      .flatMap(([userId, presence]) => {
        const card = cards.get(userId);
        return card ? [{ card, presence }] : [];
      })
      .sort((a, b) => a.card.username.localeCompare(b.card.username));
  }
}
