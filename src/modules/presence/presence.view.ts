import type { UserStatus } from '../users/index.js';

/** What people have said of themselves, and when they were last here. */
export interface PresenceProfile {
  status: UserStatus;
  customStatus: string;
  lastSeenAt: Date | null;
}

/** Where somebody stands, as others see it. */
export interface VisiblePresence {
  status: UserStatus;
  /** Empty while they are offline. */
  customStatus: string;
  /** ISO time; null while they are here, and when they have never been. */
  lastSeen: string | null;
}

/** The profile of somebody of whom nothing is known. */
export const UNKNOWN_PROFILE: PresenceProfile = {
  status: 'online',
  customStatus: '',
  lastSeenAt: null,
};

/** What others see of somebody: the invisible look as if they were away. */
export const visiblePresence = (isHere: boolean, profile: PresenceProfile): VisiblePresence =>
  isHere && profile.status !== 'offline'
    ? { status: profile.status, customStatus: profile.customStatus, lastSeen: null }
    : { status: 'offline', customStatus: '', lastSeen: profile.lastSeenAt?.toISOString() ?? null };
