import type { Chapter } from './step.js';

const PICTURE = 'docs/samples/picture.png';
const NOTES = 'docs/samples/notes.pdf';
const inRoom = { params: { chatId: '{{roomId}}' } };
const inGroup = { params: { chatId: '{{groupId}}' } };

/** Direct chats, their lists, blocks. */
export const chats: Chapter = {
  name: 'Chats and blocks',
  description: 'Ada asks Bob, Carol and Dora for a chat. Bob and Dora accept, Carol rejects.',
  steps: [
    {
      call: 'post /api/chats/or-create',
      body: { recipientId: '{{bobId}}' },
      saves: { chatId: 'data.id' },
    },
    { call: 'get /api/chats/requests', by: 'bob', query: { direction: 'incoming' } },
    { call: 'post /api/chats/:chatId/accept', by: 'bob' },
    {
      call: 'post /api/chats/or-create',
      body: { recipientId: '{{carolId}}' },
      saves: { carolChatId: 'data.id' },
    },
    { call: 'post /api/chats/:chatId/reject', by: 'carol', params: { chatId: '{{carolChatId}}' } },
    {
      call: 'post /api/chats/or-create',
      body: { recipientId: '{{doraId}}' },
      saves: { doraChatId: 'data.id' },
    },
    { call: 'post /api/chats/:chatId/accept', by: 'dora', params: { chatId: '{{doraChatId}}' } },
    { call: 'get /api/chats/active' },
    { call: 'get /api/chats/:chatId' },
    { call: 'patch /api/chats/:chatId/settings', body: { isPinned: true } },
    { call: 'post /api/chats/:chatId/archive' },
    { call: 'get /api/chats/archived' },
    { call: 'post /api/chats/:chatId/unarchive' },
    { call: 'get /api/chats/user/:userId/history', params: { userId: '{{bobId}}' } },
    { call: 'get /api/users/online' },
    { call: 'get /api/users/:userId/status', params: { userId: '{{bobId}}' } },
    { call: 'post /api/chats/:chatId/block', params: { chatId: '{{doraChatId}}' } },
    { call: 'get /api/users/blocked' },
    { call: 'post /api/chats/:chatId/unblock', params: { chatId: '{{doraChatId}}' } },
  ],
};

/** Messages and files. */
export const messages: Chapter = {
  name: 'Messages, receipts, search and sync',
  description: 'Ada and Bob write to each other.',
  steps: [
    {
      call: 'post /api/messages',
      body: { chatId: '{{chatId}}', content: 'Hello, Bob!', clientMessageId: '{{$guid}}' },
      saves: { messageId: 'data.id' },
    },
    {
      call: 'post /api/messages',
      by: 'bob',
      body: { chatId: '{{chatId}}', content: 'Shall we have lunch?', replyTo: '{{messageId}}' },
      saves: { bobMessageId: 'data.id' },
    },
    {
      call: 'post /api/messages',
      body: { chatId: '{{chatId}}', content: 'At noon.', replyTo: '{{messageId}}' },
      saves: { replyId: 'data.id' },
    },
    { call: 'get /api/chats/:chatId/messages', query: { limit: '20' } },
    { call: 'get /api/messages', query: { chatId: '{{chatId}}' } },
    { call: 'get /api/messages/:messageId' },
    { call: 'put /api/messages/:messageId', body: { content: 'Hello, dear Bob!' } },
    { call: 'get /api/messages/:messageId/edits' },
    { call: 'get /api/messages/:messageId/replies' },
    { call: 'post /api/messages/:messageId/react', by: 'bob', body: { emoji: '👍' } },
    { call: 'post /api/messages/:messageId/pin' },
    { call: 'get /api/chats/:chatId/pinned' },
    { call: 'post /api/messages/:messageId/unpin' },
    { call: 'post /api/messages/:messageId/star' },
    { call: 'get /api/messages/starred' },
    { call: 'delete /api/messages/:messageId/star' },
    {
      call: 'post /api/messages/:messageId/forward',
      body: { chatIds: ['{{doraChatId}}'] },
    },
    { call: 'post /api/messages/:messageId/read', by: 'bob' },
    { call: 'post /api/chats/:chatId/read', by: 'bob', body: { seq: 1 } },
    { call: 'post /api/chats/bulk-read', by: 'bob', body: { chatIds: ['{{chatId}}'] } },
    { call: 'get /api/chats/:chatId/search', query: { q: 'lunch' } },
    { call: 'get /api/search/messages', query: { q: 'lunch' } },
    { call: 'post /api/sync', body: { limit: 10 } },
    { call: 'get /api/live' },
  ],
};

/** Files: uploaded, read, sent, removed. */
export const files: Chapter = {
  name: 'Media and files',
  description: 'Sends the files of docs/samples.',
  steps: [
    {
      call: 'post /api/media/upload-chat-media',
      files: { file: PICTURE },
      fields: { chatId: '{{chatId}}' },
      saves: { fileId: 'data.fileId', fileUrl: 'data.url' },
    },
    {
      call: 'post /api/messages',
      body: { chatId: '{{chatId}}', media: [{ fileId: '{{fileId}}', url: '{{fileUrl}}' }] },
    },
    { call: 'get /api/media/:fileId/metadata' },
    { call: 'get /media/:fileId', by: 'ada' },
    {
      call: 'post /api/media/bulk-upload',
      files: { files: NOTES },
      fields: { chatId: '{{chatId}}' },
      saves: { unusedFileId: 'data[0].fileId' },
    },
    { call: 'post /api/media/delete', body: { fileId: '{{unusedFileId}}' } },
    {
      call: 'get /api/media/get-upload-token',
      query: { chatId: '{{chatId}}', filename: 'notes.pdf' },
      saves: {
        permittedFileId: 'data.fileId',
        uploadToken: 'data.token',
        uploadExpire: 'data.expire',
        uploadSignature: 'data.signature',
      },
    },
    {
      call: 'post /api/media/direct-upload',
      query: {
        fileId: '{{permittedFileId}}',
        token: '{{uploadToken}}',
        expire: '{{uploadExpire}}',
        signature: '{{uploadSignature}}',
      },
      files: { file: NOTES },
    },
    {
      call: 'post /api/media/complete',
      body: { fileId: '{{permittedFileId}}', filename: 'notes.pdf' },
    },
    {
      call: 'post /api/files/upload',
      files: { file: NOTES },
      fields: { chatId: '{{chatId}}', content: 'My notes' },
      saves: { fileMessageId: 'data.messageId' },
    },
    { call: 'get /api/files/media/:room', params: { room: '{{chatId}}' } },
    { call: 'get /api/files/stats/:room', params: { room: '{{chatId}}' } },
    { call: 'delete /api/files/:messageId', params: { messageId: '{{fileMessageId}}' } },
  ],
};

/** Groups, rooms, invites, sanctions in a chat. */
export const groups: Chapter = {
  name: 'Groups, rooms, invites and sanctions',
  description:
    'Ada makes a group with Bob and Dora, and invites Carol; then a room that people ask to join.',
  steps: [
    {
      call: 'post /api/chats',
      body: { kind: 'group', name: 'Lunch', memberIds: ['{{bobId}}'] },
      saves: { groupId: 'data.id' },
    },
    { call: 'patch /api/chats/:chatId', ...inGroup, body: { description: 'Every day at noon' } },
    { call: 'get /api/chats/:chatId/members', ...inGroup },
    { call: 'post /api/chats/:chatId/members', ...inGroup, body: { userIds: ['{{doraId}}'] } },
    {
      call: 'put /api/chats/:chatId/members/:userId/role',
      params: { chatId: '{{groupId}}', userId: '{{bobId}}' },
      body: { role: 'moderator' },
    },
    {
      call: 'post /api/chats/:chatId/sanctions',
      ...inGroup,
      body: { userId: '{{doraId}}', kind: 'silence', reason: 'Advertising' },
      saves: { sanctionId: 'data.id' },
    },
    { call: 'get /api/chats/:chatId/sanctions', ...inGroup },
    { call: 'get /api/users/me/sanctions', by: 'dora' },
    {
      call: 'post /api/sanctions/:sanctionId/appeal',
      by: 'dora',
      body: { text: 'It was no advertising.' },
    },
    {
      call: 'delete /api/chats/:chatId/sanctions/:sanctionId',
      params: { chatId: '{{groupId}}' },
    },
    {
      call: 'post /api/chats/:chatId/invites',
      ...inGroup,
      body: { maxUses: 5, expiresInSeconds: 86400 },
      saves: { code: 'data.code' },
    },
    { call: 'get /api/chats/:chatId/invites', ...inGroup },
    { call: 'get /api/invites/:code', by: 'carol' },
    { call: 'post /api/invites/:code/accept', by: 'carol' },
    { call: 'delete /api/chats/:chatId/invites/:code', ...inGroup },
    {
      call: 'delete /api/chats/:chatId/members/:userId',
      params: { chatId: '{{groupId}}', userId: '{{carolId}}' },
    },
    { call: 'post /api/chats/:chatId/members', ...inGroup, body: { userIds: ['{{carolId}}'] } },
    { call: 'get /api/invites', by: 'carol', saves: { code: 'data[0].code' } },
    { call: 'delete /api/invites/:code', by: 'carol' },
    { call: 'post /api/chats/:chatId/leave', by: 'dora', ...inGroup },
    { call: 'get /api/rooms' },
    { call: 'get /api/rooms/:slug', params: { slug: 'general' } },
    { call: 'post /api/rooms/:slug/join', params: { slug: 'general' } },
    { call: 'post /api/rooms/:slug/leave', params: { slug: 'general' } },
    {
      call: 'post /api/chats',
      body: { kind: 'room', name: 'Club {{$guid}}', joinMode: 'request' },
      saves: { roomId: 'data.id', slug: 'data.slug' },
    },
    { call: 'post /api/rooms/:slug/join-requests', by: 'bob' },
    { call: 'get /api/users/me/join-requests', by: 'bob' },
    { call: 'get /api/chats/:chatId/join-requests', ...inRoom },
    {
      call: 'post /api/chats/:chatId/join-requests/:userId/accept',
      params: { chatId: '{{roomId}}', userId: '{{bobId}}' },
    },
    { call: 'post /api/rooms/:slug/join-requests', by: 'carol' },
    {
      call: 'post /api/chats/:chatId/join-requests/:userId/reject',
      params: { chatId: '{{roomId}}', userId: '{{carolId}}' },
    },
    { call: 'post /api/rooms/:slug/join-requests', by: 'dora' },
    { call: 'delete /api/rooms/:slug/join-requests', by: 'dora' },
  ],
};

/** The routes of the dialects v0 and conversation, on the same chats. */
export const dialects: Chapter = {
  name: 'The dialects v0 and conversation',
  description: 'The same chats by the routes of these dialects.',
  steps: [
    { call: 'get /api/v0/chat/conversations' },
    { call: 'get /api/v0/chat/unread-count' },
    { call: 'get /api/v0/chat/conversation/:receiverId', params: { receiverId: '{{bobId}}' } },
    {
      call: 'get /api/v0/chat/conversation/:conversationId/messages',
      params: { conversationId: '{{chatId}}' },
    },
    {
      call: 'post /api/v0/chat/send',
      body: { receiverId: '{{bobId}}', message: 'Hello from v0!' },
      saves: { v0MessageId: 'data.id' },
    },
    {
      call: 'put /api/v0/chat/message/:messageId/read',
      by: 'bob',
      params: { messageId: '{{v0MessageId}}' },
    },
    {
      call: 'put /api/v0/chat/conversation/:conversationId/read',
      by: 'bob',
      params: { conversationId: '{{chatId}}' },
    },
    {
      call: 'delete /api/v0/chat/message/:messageId',
      params: { messageId: '{{v0MessageId}}' },
    },
    { call: 'get /api/v0/chat/online-users' },
    { call: 'get /api/v0/chat/user-status/:userId', params: { userId: '{{bobId}}' } },
    { call: 'post /api/v0/chat/admin/broadcast', body: { message: 'We are open again' } },
    {
      call: 'post /api/v0/chat/admin/send-to-user',
      body: { userId: '{{bobId}}', message: 'Welcome!' },
    },
    { call: 'get /api/chat/conversations' },
    { call: 'get /api/chat/unread-count' },
    {
      call: 'get /api/chat/conversation/:participantId',
      params: { participantId: '{{bobId}}' },
    },
    {
      call: 'get /api/chat/conversation/:conversationId/messages',
      params: { conversationId: '{{chatId}}' },
    },
    {
      call: 'post /api/chat/message',
      body: { conversationId: '{{chatId}}', text: 'Hello from conversation!' },
      saves: { conversationMessageId: 'data.id' },
    },
    {
      call: 'post /api/chat/messages/read',
      by: 'bob',
      body: { conversationId: '{{chatId}}' },
    },
    {
      call: 'delete /api/chat/message/:messageId',
      params: { messageId: '{{conversationMessageId}}' },
      body: { deleteForEveryone: true },
    },
  ],
};
