import type { ChatView, MemberView } from '../../../modules/chats/index.js';
import type { UpsertResult } from '../../../modules/server-calls/index.js';
import type { MintedLogin, UserRecord } from '../../../modules/users/index.js';
import { presentChat } from '../../shared/chat.shapes.js';
import { presentUserCard } from '../../shared/user-card.shapes.js';
import { presentAccount } from '../admin/admin.shapes.js';

/** An account, as its server sees it. */
export const presentServerUser = (user: UserRecord) => ({
  ...presentAccount(user),
  ...(user.externalId !== undefined && { externalId: user.externalId, issuer: user.issuer ?? '' }),
});

/** What has become of one account of many. */
export const presentUpsert = (result: UpsertResult) =>
  result.status === 'failed'
    ? {
        externalId: result.externalId,
        status: result.status,
        error: { code: result.error.code, message: result.error.message },
      }
    : {
        externalId: result.externalId,
        status: result.status,
        user: presentServerUser(result.user),
      };

/** A login that a server has made. */
export const presentMintedLogin = ({ user, ...login }: MintedLogin) => ({
  ...login,
  user: presentServerUser(user),
});

/** A chat, as servers see it at a time (milliseconds). */
export const presentServerChat = (view: ChatView, now: number) => ({
  ...presentChat(view, now),
  ...(view.chat.externalId !== undefined && { externalId: view.chat.externalId }),
});

/** A member, with the data that they have about the chat. */
export const presentServerMember = ({ card, role, joinedAt, metadata }: MemberView) => ({
  ...presentUserCard(card),
  role,
  joinedAt: joinedAt.toISOString(),
  ...(metadata && { metadata }),
});
