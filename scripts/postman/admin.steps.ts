import type { Chapter } from './step.js';

const onCarol = { params: { userId: '{{carolId}}' } };
const inServerChat = { params: { chatId: '{{serverChatId}}' } };
const onServerUser = { params: { userId: '{{serverUserId}}' } };
const onServerMessage = { params: { messageId: '{{serverMessageId}}' } };
const SINCE = '2026-01-01T00:00:00.000Z';

/** What admins do about accounts, and broadcasts. */
export const administration: Chapter = {
  name: 'Admin: accounts and broadcasts',
  description: 'What the admin does about Carol, and messages to everybody.',
  steps: [
    { call: 'get /api/admin/users', query: { q: 'carol' } },
    { call: 'get /api/admin/users/:userId', ...onCarol },
    { call: 'put /api/admin/users/:userId/role', ...onCarol, body: { role: 'user' } },
    { call: 'delete /api/admin/users/:userId/totp', ...onCarol },
    { call: 'post /api/admin/users/:userId/logout-all', ...onCarol },
    { call: 'post /api/admin/users/:userId/deactivate', ...onCarol },
    { call: 'post /api/admin/users/:userId/reactivate', ...onCarol },
    {
      call: 'post /api/admin/registration-invites',
      body: { maxUses: 3 },
      saves: { inviteId: 'data.id' },
    },
    { call: 'get /api/admin/registration-invites' },
    { call: 'delete /api/admin/registration-invites/:inviteId' },
    {
      call: 'post /api/admin/send-to-user',
      body: { userId: '{{bobId}}', message: 'Welcome!' },
    },
    {
      call: 'post /api/admin/broadcasts',
      body: { message: 'We are open again' },
      saves: { broadcastId: 'data.id' },
    },
    { call: 'get /api/admin/broadcasts' },
    { call: 'get /api/admin/broadcasts/:broadcastId' },
    { call: 'get /api/broadcasts' },
    { call: 'post /api/broadcasts/:broadcastId/read' },
    {
      call: 'post /api/admin/broadcasts',
      body: { message: 'We close in a year', scheduledAt: '{{nextYear}}' },
      before: [
        'const later = new Date(Date.now() + 300 * 86400000);',
        "pm.collectionVariables.set('nextYear', later.toISOString());",
      ],
      saves: { laterBroadcastId: 'data.id' },
    },
    {
      call: 'post /api/admin/broadcasts/:broadcastId/cancel',
      params: { broadcastId: '{{laterBroadcastId}}' },
    },
    {
      call: 'post /api/admin/sanctions',
      body: { userId: '{{carolId}}', kind: 'silence', reason: 'Advertising' },
      saves: { serverSanctionId: 'data.id' },
    },
    { call: 'get /api/admin/sanctions' },
    {
      call: 'delete /api/admin/sanctions/:sanctionId',
      params: { sanctionId: '{{serverSanctionId}}' },
    },
    { call: 'get /api/admin/audit', query: { limit: '10' } },
    { call: 'get /api/admin/audit/export' },
  ],
};

/** Reports, cases, held messages, word filters. */
export const moderation: Chapter = {
  name: 'Moderation: reports, cases, word filters',
  description: 'Ada reports; the admin decides.',
  steps: [
    {
      call: 'post /api/messages/:messageId/report',
      params: { messageId: '{{bobMessageId}}' },
      body: { reason: 'spam' },
    },
    {
      call: 'post /api/users/:userId/report',
      params: { userId: '{{bobId}}' },
      body: { category: 'spam', text: 'Again and again' },
    },
    { call: 'post /api/chats/:chatId/report', body: { category: 'spam', text: 'All of it' } },
    { call: 'get /api/reports' },
    { call: 'get /api/chats/:chatId/reports', by: 'admin' },
    {
      call: 'get /api/admin/reports',
      query: { status: 'open' },
      saves: { reportId: 'data[0].id' },
    },
    { call: 'post /api/admin/reports/:reportId/resolve', body: { note: 'Seen' } },
    {
      call: 'get /api/admin/cases',
      query: { state: 'open' },
      saves: { caseId: 'data[0].id' },
    },
    {
      call: 'get /api/admin/cases/statistics',
      query: { from: SINCE, to: '2036-01-01T00:00:00.000Z' },
    },
    { call: 'get /api/admin/cases/:caseId' },
    { call: 'post /api/admin/cases/:caseId/assign', body: { assigneeId: '{{adminId}}' } },
    { call: 'post /api/admin/cases/:caseId/actions', body: { action: 'dismiss' } },
    {
      call: 'post /api/admin/word-filters',
      body: { pattern: 'casino{{run}}', action: 'mask' },
      saves: { filterId: 'data.id' },
    },
    { call: 'get /api/admin/word-filters' },
    { call: 'put /api/admin/word-filters/:filterId', body: { action: 'hold' } },
    {
      call: 'post /api/messages',
      body: { chatId: '{{chatId}}', content: 'casino{{run}} one' },
      saves: { heldId: 'data.id' },
    },
    {
      call: 'post /api/messages',
      body: { chatId: '{{chatId}}', content: 'casino{{run}} two' },
      saves: { otherHeldId: 'data.id' },
    },
    { call: 'get /api/admin/held-messages' },
    { call: 'get /api/chats/:chatId/held-messages', by: 'admin' },
    { call: 'post /api/held-messages/:heldId/release', by: 'admin' },
    {
      call: 'post /api/held-messages/:heldId/refuse',
      by: 'admin',
      params: { heldId: '{{otherHeldId}}' },
    },
    { call: 'delete /api/admin/word-filters/:filterId' },
  ],
};

/** Webhooks. */
export const webhooks: Chapter = {
  name: 'Webhooks',
  description:
    'Nothing answers at the address, so the test of the webhook is a delivery that fails.',
  steps: [
    {
      call: 'post /api/admin/webhooks',
      body: {
        url: 'https://parley.invalid/hook',
        events: ['message.created', 'report.created'],
        isEnabled: false,
      },
      saves: { webhookId: 'data.id' },
    },
    { call: 'get /api/admin/webhooks' },
    { call: 'get /api/admin/webhooks/:webhookId' },
    { call: 'patch /api/admin/webhooks/:webhookId', body: { description: 'Orders' } },
    { call: 'post /api/admin/webhooks/:webhookId/rotate' },
    { call: 'post /api/admin/webhooks/:webhookId/test', saves: { deliveryId: 'data.id' } },
    { call: 'get /api/admin/webhooks/:webhookId/deliveries' },
    { call: 'post /api/admin/webhooks/:webhookId/deliveries/:deliveryId/redeliver' },
    { call: 'post /api/admin/webhooks/:webhookId/recover', body: { since: SINCE } },
    { call: 'delete /api/admin/webhooks/:webhookId' },
  ],
};

/** What the server of another product does under its key. */
export const server: Chapter = {
  name: 'Server API',
  description: 'What the server of another product does under its key: users, chats, messages.',
  steps: [
    {
      call: 'post /api/server/users',
      body: { externalId: 'customer-{{run}}', firstName: 'Grace', metadata: { tier: 'gold' } },
      saves: { serverUserId: 'data.id' },
    },
    { call: 'get /api/server/users', query: { q: 'grace' } },
    {
      call: 'post /api/server/users/bulk',
      body: { users: [{ externalId: 'customer-{{run}}', lastName: 'Hopper' }] },
    },
    { call: 'get /api/server/users/:userId', ...onServerUser },
    { call: 'patch /api/server/users/:userId', ...onServerUser, body: { firstName: 'Grace B.' } },
    { call: 'post /api/server/users/:userId/token', ...onServerUser, body: { expiresIn: 600 } },
    { call: 'post /api/server/users/:userId/revoke', ...onServerUser },
    {
      call: 'post /api/server/chats',
      body: { kind: 'group', name: 'Order 7', memberIds: ['{{serverUserId}}', '{{bobId}}'] },
      saves: { serverChatId: 'data.id' },
    },
    { call: 'get /api/server/chats' },
    { call: 'get /api/server/chats/:chatId', ...inServerChat },
    { call: 'patch /api/server/chats/:chatId', ...inServerChat, body: { metadata: { step: 2 } } },
    { call: 'get /api/server/chats/:chatId/members', ...inServerChat },
    {
      call: 'post /api/server/chats/:chatId/members',
      ...inServerChat,
      body: { userIds: ['{{carolId}}'] },
    },
    {
      call: 'patch /api/server/chats/:chatId/members/:userId',
      params: { chatId: '{{serverChatId}}', userId: '{{carolId}}' },
      body: { metadata: { seat: 4 } },
    },
    {
      call: 'delete /api/server/chats/:chatId/members/:userId',
      params: { chatId: '{{serverChatId}}', userId: '{{carolId}}' },
    },
    {
      call: 'post /api/server/chats/:chatId/messages',
      ...inServerChat,
      body: { content: 'Your order has been sent', metadata: { orderId: 'A-1042' } },
      saves: { serverMessageId: 'data.id' },
    },
    { call: 'get /api/server/chats/:chatId/messages', ...inServerChat },
    { call: 'get /api/server/messages' },
    { call: 'get /api/server/messages/:messageId', ...onServerMessage },
    {
      call: 'patch /api/server/messages/:messageId',
      ...onServerMessage,
      body: { metadata: { state: 'delivered' } },
    },
    { call: 'delete /api/server/messages/:messageId', ...onServerMessage },
    { call: 'post /api/server/broadcasts', body: { message: 'We are open again' } },
    { call: 'post /api/server/users/:userId/deactivate', ...onServerUser },
    { call: 'post /api/server/users/:userId/reactivate', ...onServerUser },
  ],
};
