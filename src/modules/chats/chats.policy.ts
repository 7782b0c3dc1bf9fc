import type { Actor } from '../../shared/actor.js';
import { AppError, forbidden } from '../../shared/errors.js';
import type { ChatKind, ChatRecord, ChatStatus, JoinMode } from './chat.model.js';
import type { MemberRole } from './membership.model.js';

/** The facts of a chat that its rules use. */
export interface ChatForPolicy {
  kind: ChatKind;
  status: ChatStatus;
  initiator: string;
  /** Whether either of the two people of a direct chat has blocked the other. */
  isBlocked: boolean;
}

/**
 * Whether a member may post. A result other than undefined is the refusal: the recipient has not accepted the
 * chat yet, or one of the two has blocked the other.
 */
export const refusalToPost = (chat: ChatForPolicy): AppError | undefined => {
  if (chat.status !== 'accepted') {
    return new AppError('CHAT_NOT_ACCEPTED', 'This chat has not been accepted');
  }
  if (chat.isBlocked) return new AppError('BLOCKED', 'You cannot send messages in this chat');
  return undefined;
};

/** What a refusal tells of a sanction. */
export interface AppliedSanction {
  /** Null: until somebody lifts it. */
  until: Date | null;
  reason: string;
}

/** Somebody who is about to write in a chat. */
export interface Writer {
  chat: ChatForPolicy;
  /** The silence that applies to them there. */
  silence: AppliedSanction | undefined;
}

/** Whether a member may write: send, edit, react, pin, upload, stream. */
export const refusalToWrite = ({ chat, silence }: Writer): AppError | undefined =>
  refusalToPost(chat) ?? (silence && silenced(silence));

/** Whether a member may send a new message, or open something else that all in the chat get. */
export const refusalToSend = (
  writer: Writer & { chat: { onlyModeratorsPost: boolean }; role: MemberRole },
  actor: Actor,
): AppError | undefined => {
  const refusal = refusalToWrite(writer);
  if (refusal) return refusal;
  const { chat, role } = writer;
  return chat.onlyModeratorsPost && !isModerator({ actor, role, kind: chat.kind })
    ? forbidden('Only owners, admins and moderators may post here')
    : undefined;
};

/** The refusal of what a silence takes away. */
export const silenced = ({ until, reason }: AppliedSanction): AppError =>
  new AppError('SILENCED', 'You may read here, but not write', { until, reason });

/** The refusal to let somebody in whom a ban keeps out. */
export const banned = ({ until, reason }: AppliedSanction): AppError =>
  new AppError('BANNED', 'A ban keeps you out', { until, reason });

/** How people come into a chat: a room says so, everything else is by invitation. */
export const joinModeOf = (chat: { kind: ChatKind; joinMode?: JoinMode | undefined }): JoinMode =>
  chat.kind === 'room' ? (chat.joinMode ?? 'open') : 'invite';

/** Whether anybody may read and join: rooms that are open. */
export const isPublic = (chat: { kind: ChatKind; joinMode?: JoinMode }): boolean =>
  joinModeOf(chat) === 'open';

/** The refusal to let somebody into a room that is closed; admins of the system come into every room. */
export const refusalToEnter = (
  chat: { kind: ChatKind; joinMode?: JoinMode | undefined },
  actor: Actor,
): AppError | undefined => {
  const mode = joinModeOf(chat);
  if (mode === 'open' || actor.role === 'admin') return undefined;
  return mode === 'request'
    ? new AppError('JOIN_REQUEST_NEEDED', 'Ask to be let into this room')
    : forbidden('Only invites lead into this room');
};

/** Whether typing, presence and receipts of one member may be shown to the others. */
export const canShareSignals = (chat: ChatForPolicy): boolean =>
  chat.status === 'accepted' && !chat.isBlocked;

/** Whether a member has agreed to the chat: only who was asked for a direct one, and has not answered, has not. */
export const hasAnswered = (
  chat: Pick<ChatForPolicy, 'initiator' | 'kind'> & { isAnswered: boolean },
  userId: string,
): boolean => chat.kind !== 'direct' || chat.isAnswered || chat.initiator === userId;

/**
 * Whether one of the two people of a direct chat has agreed to it: has opened it, accepted it, or written in
 * it.
 */
export const hasAgreed = (
  chat: Pick<ChatRecord, 'initiator' | 'isAnswered'>,
  userId: string,
): boolean => chat.initiator.toHexString() === userId || chat.isAnswered === true;

/** Whether a member may accept or reject: only the recipient may. */
export const refusalToAnswer = (chat: ChatForPolicy, userId: string): AppError | undefined => {
  if (chat.kind !== 'direct') return forbidden('Only a direct chat can be accepted or rejected');
  if (chat.initiator === userId) return forbidden('Only the recipient can answer a chat request');
  return undefined;
};

/** Somebody who acts on a group or room: their role in it and in the system. */
export interface ChatRole {
  actor: Actor;
  /** Their role in the chat; undefined for a system admin who has not joined. */
  role: MemberRole | undefined;
  kind: ChatKind;
}

const RANK: Record<MemberRole, number> = { member: 0, moderator: 1, admin: 2, owner: 3 };

/** The role that counts. Rooms belong to the whole system, so system admins have an owner's rights there. */
export const effectiveRole = ({ actor, role, kind }: ChatRole): MemberRole | undefined =>
  kind === 'room' && actor.role === 'admin' ? 'owner' : role;

const isAtLeast = (chatRole: ChatRole, wanted: MemberRole): boolean => {
  const role = effectiveRole(chatRole);
  return role !== undefined && RANK[role] >= RANK[wanted];
};

/** Whether somebody moderates a group or room: its owners, admins and moderators do. */
export const isModerator = (chatRole: ChatRole): boolean => isAtLeast(chatRole, 'moderator');

const refusalOfDirect = ({ kind }: ChatRole): AppError | undefined =>
  kind === 'group' || kind === 'room'
    ? undefined
    : forbidden('This can only be done in groups and rooms');

/** Whether somebody may change name, picture and description, add members, and make invites. */
export const refusalToManage = (chatRole: ChatRole): AppError | undefined =>
  refusalOfDirect(chatRole) ??
  (isAtLeast(chatRole, 'admin') ? undefined : forbidden('Only owners and admins may do this'));

/** Whether somebody may remove a member: admins remove moderators and members, owners remove anybody. */
export const refusalToRemove = (chatRole: ChatRole, target: MemberRole): AppError | undefined => {
  const refusal = refusalToManage(chatRole);
  if (refusal) return refusal;
  const mayRemove = isAtLeast(chatRole, 'owner') || RANK[target] < RANK.admin;
  return mayRemove ? undefined : forbidden('Only owners may remove owners and admins');
};

/** Whether somebody may change a member's role: owners any, admins make moderators of members and back. */
export const refusalToAppoint = (
  chatRole: ChatRole,
  target: { from: MemberRole; to: MemberRole },
): AppError | undefined => {
  const refusal = refusalOfDirect(chatRole);
  if (refusal) return refusal;
  if (isAtLeast(chatRole, 'owner')) return undefined;
  const isBelowAdmin = RANK[target.from] < RANK.admin && RANK[target.to] < RANK.admin;
  return isAtLeast(chatRole, 'admin') && isBelowAdmin
    ? undefined
    : forbidden('Only owners may change the roles of owners and admins');
};

/**
 * Whether somebody may delete what another has written, and silence or ban them: owners, admins and
 * moderators those of lower roles, and admins of the system everybody.
 *
 * @param target the other's role; `member` for somebody who is in the chat no more.
 */
export const refusalToModerate = (chatRole: ChatRole, target: MemberRole): AppError | undefined => {
  if (chatRole.actor.role === 'admin') return undefined;
  const refusal = refusalOfDirect(chatRole);
  if (refusal) return refusal;
  if (!isAtLeast(chatRole, 'moderator')) {
    return forbidden('Only owners, admins and moderators may do this');
  }
  const isLower = RANK[chatRole.role ?? 'member'] > RANK[target];
  return isLower ? undefined : forbidden('This is only possible for lower roles than your own');
};

/** Whether somebody moderates a chat: sees its sanctions, and sets slow mode. */
export const refusalToOversee = (chatRole: ChatRole): AppError | undefined =>
  refusalOfDirect(chatRole) ??
  (chatRole.actor.role === 'admin' || isAtLeast(chatRole, 'moderator')
    ? undefined
    : forbidden('Only owners, admins and moderators may do this'));

/** Whether somebody may leave: a direct chat is deleted or blocked instead. */
export const refusalToLeave = (chatRole: ChatRole): AppError | undefined =>
  refusalOfDirect(chatRole);

/** The refusal to leave a group without an owner. */
export const lastOwner = (): AppError =>
  new AppError('LAST_OWNER', 'You are the last owner: make somebody else an owner first');

/** The refusal of an external id that another chat has. */
export const externalIdTaken = (): AppError =>
  new AppError('CONFLICT', 'This externalId already has a chat');
