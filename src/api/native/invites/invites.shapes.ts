import { presentUserCard } from '../../shared/user-card.shapes.js';
import type { ChatRecord, InviteRecord, ReceivedInvite } from '../../../modules/chats/index.js';

/** An invite, for those who manage its chat. */
export const presentInvite = (invite: InviteRecord) => ({
  code: invite.code,
  chatId: invite.chatId.toHexString(),
  userId: invite.invitedUserId?.toHexString() ?? null,
  createdBy: invite.createdBy.toHexString(),
  expiresAt: invite.expiresAt?.toISOString() ?? null,
  maxUses: invite.maxUses,
  uses: invite.uses,
  createdAt: invite.createdAt.toISOString(),
});

/** An invite, as the invited user sees it. */
export const presentReceivedInvite = ({ invite, chat, invitedBy }: ReceivedInvite) => ({
  code: invite.code,
  chatId: chat._id.toHexString(),
  kind: chat.kind,
  name: chat.name ?? null,
  picture: chat.picture ?? null,
  invitedBy: invitedBy ? presentUserCard(invitedBy) : null,
  expiresAt: invite.expiresAt?.toISOString() ?? null,
  createdAt: invite.createdAt.toISOString(),
});

/** The chat of an invite, for somebody who decides whether to join. */
export const presentInvitePreview = (chat: ChatRecord, memberCount: number) => ({
  chatId: chat._id.toHexString(),
  kind: chat.kind,
  name: chat.name ?? null,
  picture: chat.picture ?? null,
  memberCount,
});
