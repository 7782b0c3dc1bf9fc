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

const presentInvitedTo = (chat: ChatRecord) => ({
  chatId: chat._id.toHexString(),
  ...(chat.externalId !== undefined && { externalId: chat.externalId }),
  kind: chat.kind,
  name: chat.name ?? null,
  picture: chat.picture ?? null,
});

/** An invite, as the invited user sees it. */
export const presentReceivedInvite = ({ invite, chat, invitedBy }: ReceivedInvite) => ({
  code: invite.code,
  ...presentInvitedTo(chat),
  invitedBy: invitedBy ? presentUserCard(invitedBy) : null,
  expiresAt: invite.expiresAt?.toISOString() ?? null,
  createdAt: invite.createdAt.toISOString(),
});

/** The chat of an invite, for somebody who decides whether to join. */
export const presentInvitePreview = (chat: ChatRecord, memberCount: number) => ({
  ...presentInvitedTo(chat),
  memberCount,
});
