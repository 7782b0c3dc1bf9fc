import type { Audience } from '../../shared/audience.js';

/** Who may know of a user's presence. */
export interface PresenceAudience {
  /** Everybody with whom the user shares an accepted direct chat or a group, and no block. */
  contactIds: string[];
  /** Public rooms that the user is in: whoever looks at one of them may know. */
  roomIds: string[];
  /** Those who have blocked the user or whom the user has blocked: they hear nothing in rooms either. */
  blockedIds: string[];
}

/** Those who hear of a change of presence: never the user, who knows. */
export const presenceAudience = (
  userId: string,
  { contactIds, roomIds, blockedIds }: PresenceAudience,
): Audience => ({
  to: [
    { kind: 'users', userIds: contactIds },
    ...roomIds.map((chatId) => ({ kind: 'viewers', chatId }) as const),
  ],
  except: [{ kind: 'users', userIds: [userId, ...blockedIds] }],
});
