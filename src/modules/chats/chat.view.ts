import type { UserCard } from '../users/index.js';
import type { ChatDoc } from './chat.model.js';
import type { MembershipDoc } from './membership.model.js';

/** Whether somebody is there, as those who share a chat may know. */
export interface PresenceState {
  status: 'online' | 'away' | 'busy' | 'offline';
  /** When they were last connected; null when never or when they are here. */
  lastSeen: string | null;
}

/** A member as a view shows them, with their receipt positions. */
export interface ViewMember {
  card: UserCard;
  role: MembershipDoc['role'];
  presence: PresenceState;
  lastReadSeq: number;
  lastDeliveredSeq: number;
}

/** A chat and its members, as the database has them for one member. */
export interface ChatState {
  chat: ChatDoc;
  membership: MembershipDoc;
  /** The members that are shown: all of a small chat, none of a large one. */
  members: Omit<ViewMember, 'presence'>[];
  memberCount: number;
  /** Whether either of the two people of a direct chat has blocked the other. */
  isBlocked: boolean;
  /** Whom the viewer has blocked, and who has blocked the viewer: in groups, neither knows if the other is here. */
  blockedIds: ReadonlySet<string>;
  viewerId: string;
}

/** Everything the presenter needs to show one chat to one member. */
export interface ChatView extends ChatState {
  members: ViewMember[];
  /** False for an admin of the system who looks at a room without having joined it. */
  isMember: boolean;
  unreadCount: number;
  /** Unread messages that mention the viewer. */
  mentionCount: number;
}

/** Whether the chat is archived now: a newer message brings it back, unless it is muted. */
export const isArchived = (chat: ChatDoc, membership: MembershipDoc, now: number): boolean =>
  membership.archivedSeq !== null &&
  (isMuted(membership, now) || chat.lastSeq <= membership.archivedSeq);

/** Whether the member has muted the chat at this time. */
export const isMuted = (membership: MembershipDoc, now: number): boolean =>
  membership.mutedUntil !== null && membership.mutedUntil.getTime() > now;

/** Whether the member has deleted the chat and nothing has come since. */
export const isHidden = (chat: ChatDoc, membership: MembershipDoc): boolean =>
  membership.hiddenSeq !== null && chat.lastSeq <= membership.hiddenSeq;

/** Up to where the member has read, as the member's own devices know it. */
export const readSeqOf = ({
  lastReadSeq,
  privateReadSeq = 0,
}: Pick<MembershipDoc, 'lastReadSeq' | 'privateReadSeq'>): number =>
  Math.max(lastReadSeq, privateReadSeq);
