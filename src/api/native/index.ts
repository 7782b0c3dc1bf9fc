import type { BroadcastEvents } from '../../modules/broadcasts/index.js';
import type { ChatEvents } from '../../modules/chats/index.js';
import type { LiveEvents } from '../../modules/live/index.js';
import type { MessageEvents } from '../../modules/messages/index.js';
import type { CaseEvents } from '../../modules/moderation/index.js';
import type { PresenceEvents, TypingEvents, ViewingEvents } from '../../modules/presence/index.js';
import type { ReceiptEvents } from '../../modules/receipts/index.js';
import type { StarEvents } from '../../modules/stars/index.js';
import type { Api } from '../shared/api.js';
import type { UseCases } from '../shared/use-cases.js';
import { adminCommands } from './admin/admin.commands.js';
import { accountRoutes, adminMessageRoutes } from './admin/admin.routes.js';
import { serverKeyRoutes } from './admin/keys.routes.js';
import { auditRoutes } from './audit/audit.routes.js';
import { registrationInviteRoutes } from './admin/registration-invites.routes.js';
import { accountMailRoutes } from './auth/account-mails.routes.js';
import { authRoutes } from './auth/auth.routes.js';
import { ownAccountRoutes } from './auth/own-account.routes.js';
import { twoFactorRoutes } from './auth/two-factor.routes.js';
import { broadcastCommands } from './broadcasts/broadcasts.commands.js';
import { broadcastRenderings } from './broadcasts/broadcasts.events.js';
import { adminBroadcastRoutes, broadcastRoutes } from './broadcasts/broadcasts.routes.js';
import { blockRoutes } from './chats/blocks.routes.js';
import { chatSettingsRoutes } from './chats/chat-settings.routes.js';
import { chatRenderings } from './chats/chats.events.js';
import { chatRoutes } from './chats/chats.routes.js';
import { groupRoutes } from './groups/groups.routes.js';
import { joinRequestRoutes } from './groups/join-requests.routes.js';
import { roomRoutes } from './groups/rooms.routes.js';
import { inviteRoutes } from './invites/invites.routes.js';
import { liveCommands } from './live/live.commands.js';
import { liveRenderings } from './live/live.events.js';
import { liveRoutes } from './live/live.routes.js';
import { mediaRoutes } from './media/media.routes.js';
import { sharedFileRoutes } from './media/shared-files.routes.js';
import { messageChangeCommands } from './messages/message-changes.commands.js';
import { messageChangeRenderings } from './messages/message-changes.events.js';
import { messageChangeRoutes } from './messages/message-changes.routes.js';
import { messageLookupRoutes } from './messages/message-lookups.routes.js';
import { messageCommands } from './messages/messages.commands.js';
import { messageRenderings } from './messages/messages.events.js';
import { messageRoutes } from './messages/messages.routes.js';
import { caseCommands, caseRenderings, caseRoutes } from './moderation/cases.routes.js';
import { heldMessageRoutes } from './moderation/held-messages.routes.js';
import { wordFilterRoutes } from './moderation/word-filters.routes.js';
import { nativeEvents } from './native.events.schemas.js';
import { presenceCommands } from './presence/presence.commands.js';
import { presenceRenderings } from './presence/presence.events.js';
import { presenceRoutes } from './presence/presence.routes.js';
import { receiptCommands } from './receipts/receipts.commands.js';
import { receiptRenderings } from './receipts/receipts.events.js';
import { receiptRoutes } from './receipts/receipts.routes.js';
import { reportRoutes } from './reports/reports.routes.js';
import { sanctionRenderings } from './sanctions/sanctions.events.js';
import { sanctionRoutes } from './sanctions/sanctions.routes.js';
import { searchRoutes } from './search/search.routes.js';
import { serverChatRoutes } from './server/server-chats.routes.js';
import { serverMessageRoutes } from './server/server-messages.routes.js';
import { serverUserRoutes } from './server/server-users.routes.js';
import { starCommands } from './stars/stars.commands.js';
import { starRenderings } from './stars/stars.events.js';
import { starRoutes } from './stars/stars.routes.js';
import { syncCommands } from './sync/sync.commands.js';
import { syncRoutes } from './sync/sync.routes.js';
import { typingCommands } from './typing/typing.commands.js';
import { typingRenderings } from './typing/typing.events.js';
import { userRoutes } from './users/users.routes.js';
import { viewingCommands } from './viewing/viewing.commands.js';
import { viewingRenderings } from './viewing/viewing.events.js';
import { webhookRoutes } from './webhooks/webhooks.routes.js';

export { syncClients } from './sync/sync.events.js';
export { webhookEvents } from './webhooks/webhooks.events.js';
export { webhookPayloads } from './webhooks/webhooks.shapes.js';

/** The domain events that native clients receive. */
export type NativeEvents = BroadcastEvents &
  CaseEvents &
  ChatEvents &
  LiveEvents &
  MessageEvents &
  PresenceEvents &
  ReceiptEvents &
  StarEvents &
  TypingEvents &
  ViewingEvents;

/** The native dialect: `/api/chats`, `/api/messages` and so on, and events with underscores. */
export const createNativeDialect = (useCases: UseCases): Api<NativeEvents> => ({
  routes: [
    authRoutes,
    accountMailRoutes,
    twoFactorRoutes,
    ownAccountRoutes,
    // Has `/api/chats/archived`, which `/api/chats/:chatId` would take too.
    chatSettingsRoutes,
    // Has `/api/users/blocked`, and presence `/api/users/online`: `/api/users/:userId` would take both.
    // Has `/api/users/me/sanctions`.
    sanctionRoutes,
    blockRoutes,
    chatRoutes,
    presenceRoutes,
    mediaRoutes,
    sharedFileRoutes,
    userRoutes,
    roomRoutes,
    joinRequestRoutes,
    groupRoutes,
    inviteRoutes,
    messageRoutes,
    // Has `/api/messages/starred`, which `/api/messages/:messageId` would take too.
    starRoutes,
    messageLookupRoutes,
    messageChangeRoutes,
    accountRoutes,
    registrationInviteRoutes,
    adminMessageRoutes,
    broadcastRoutes,
    adminBroadcastRoutes,
    reportRoutes,
    caseRoutes,
    heldMessageRoutes,
    wordFilterRoutes,
    webhookRoutes,
    auditRoutes,
    serverKeyRoutes,
    serverUserRoutes,
    serverChatRoutes,
    serverMessageRoutes,
    receiptRoutes,
    syncRoutes,
    liveRoutes,
    searchRoutes,
  ].flatMap((routesOf) => routesOf(useCases)),
  commands: [
    ...viewingCommands,
    ...messageCommands(useCases),
    ...messageChangeCommands(useCases),
    ...starCommands(useCases),
    ...adminCommands(useCases),
    ...caseCommands(useCases),
    ...broadcastCommands(useCases),
    ...receiptCommands(useCases),
    ...typingCommands(useCases),
    ...presenceCommands(useCases),
    ...syncCommands(useCases),
    ...liveCommands(useCases),
  ],
  events: [
    messageRenderings(useCases.unreadAt),
    messageChangeRenderings,
    starRenderings,
    chatRenderings,
    sanctionRenderings,
    receiptRenderings,
    typingRenderings,
    liveRenderings,
    viewingRenderings,
    presenceRenderings,
    broadcastRenderings,
    caseRenderings,
  ],
  serverEvents: nativeEvents,
});
