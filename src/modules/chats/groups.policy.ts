import type { Actor } from '../../shared/actor.js';
import { AppError, forbidden } from '../../shared/errors.js';
import type { ChatKind } from './chat.model.js';
import type { MemberRole } from './membership.model.js';

/** Somebody who acts on a group or room: their role in it and in the system. */
export interface ChatRole {
  actor: Actor;
  /** Their role in the chat; undefined for a system admin who has not joined. */
  role: MemberRole | undefined;
  kind: ChatKind;
}

const RANK: Record<MemberRole, number> = { member: 0, admin: 1, owner: 2 };

/** The role that counts. Rooms are the whole system's, so the system's admins rule there like owners. */
export const effectiveRole = ({ actor, role, kind }: ChatRole): MemberRole | undefined =>
  kind === 'room' && actor.role === 'admin' ? 'owner' : role;

const isAtLeast = (chatRole: ChatRole, wanted: MemberRole): boolean => {
  const role = effectiveRole(chatRole);
  return role !== undefined && RANK[role] >= RANK[wanted];
};

const refusalOfDirect = ({ kind }: ChatRole): AppError | undefined =>
  kind === 'group' || kind === 'room'
    ? undefined
    : forbidden('This can only be done in groups and rooms');

/** Whether somebody may change name, picture and description, add members, and make invites. */
export const refusalToManage = (chatRole: ChatRole): AppError | undefined =>
  refusalOfDirect(chatRole) ??
  (isAtLeast(chatRole, 'admin') ? undefined : forbidden('Only owners and admins may do this'));

/** Whether somebody may remove a member: admins remove members, owners remove anybody. */
export const refusalToRemove = (chatRole: ChatRole, target: MemberRole): AppError | undefined => {
  const refusal = refusalToManage(chatRole);
  if (refusal) return refusal;
  const mayRemove = isAtLeast(chatRole, 'owner') || target === 'member';
  return mayRemove ? undefined : forbidden('Only owners may remove owners and admins');
};

/** Whether somebody may change members' roles. */
export const refusalToAppoint = (chatRole: ChatRole): AppError | undefined =>
  refusalOfDirect(chatRole) ??
  (isAtLeast(chatRole, 'owner') ? undefined : forbidden('Only owners may change roles'));

/** Whether somebody may leave: a direct chat is deleted or blocked instead. */
export const refusalToLeave = (chatRole: ChatRole): AppError | undefined =>
  refusalOfDirect(chatRole);

/** The refusal to leave a group without an owner. */
export const lastOwner = (): AppError =>
  new AppError('LAST_OWNER', 'You are the last owner: make somebody else an owner first');
