import type { OperationNotes } from '../../transport/http/operation-notes.js';

/** Chats, groups, rooms, invites, blocks, sanctions in chats, receipts and sync. */
export const chatNotes: OperationNotes = {
  'get /api/chats/active': {
    description:
      'Answers the open chats of the caller, newest activity first, with the last message and the number of unread ones.',
  },
  'get /api/chats/archived': {
    description: 'Answers the archived chats of the caller, newest activity first.',
  },
  'get /api/chats/requests': {
    description:
      'Answers the chat requests that wait for an answer: those sent to the caller, or by the caller.',
  },
  'get /api/chats/user/:userId/history': {
    description:
      'Answers all chats of the caller with somebody; of oneself all chats; admins get all chats of anybody.',
    codes: ['FORBIDDEN'],
  },
  'post /api/chats/or-create': {
    description:
      'Answers the direct chat with somebody. Where there is none it is made as a request, which the other one accepts or rejects.',
    codes: ['NOT_FOUND', 'BLOCKED', 'FORBIDDEN', 'CONFLICT'],
  },
  'get /api/chats/:chatId': {
    description:
      'Answers one chat as the caller sees it. Members see it, and everybody a public room.',
  },
  'patch /api/chats/:chatId': {
    description:
      'Changes the name, description, picture, modes (slow mode, announcements) or metadata of a group or room. Owners and admins of the chat may.',
    codes: ['FORBIDDEN', 'CONFLICT', 'MESSAGE_REFUSED'],
  },
  'delete /api/chats/:chatId': {
    description:
      'Removes the chat and its history for the caller alone. A new message brings the chat back, without the former history.',
  },
  'post /api/chats/:chatId/accept': {
    description: 'Accepts a chat request; both may write from then on. Only its recipient may.',
    codes: ['FORBIDDEN', 'BLOCKED', 'CONFLICT'],
  },
  'post /api/chats/:chatId/reject': {
    description: 'Rejects a chat request; the other one cannot write. Only its recipient may.',
    codes: ['FORBIDDEN', 'CONFLICT'],
  },
  'post /api/chats/:chatId/archive': {
    description: 'Takes a chat out of the active list of the caller, until a message comes.',
  },
  'post /api/chats/:chatId/unarchive': {
    description: 'Brings an archived chat back to the active list.',
  },
  'patch /api/chats/:chatId/settings': {
    description:
      'Mutes a chat, pins it or marks it as unread, for the caller alone; the other devices of the caller hear of it.',
    codes: ['CONFLICT'],
  },
  'post /api/chats/:chatId/block': {
    description:
      'Blocks the other one of a direct chat, or with `userId` a member of a group: they cannot write to the caller any more.',
    codes: ['FORBIDDEN'],
  },
  'post /api/chats/:chatId/unblock': { description: 'Takes a block back.', codes: ['FORBIDDEN'] },
  'post /api/chats': {
    description:
      'Makes a private group or a public room; the caller is its owner. People who do not share a chat with the caller are invited instead of added.',
    codes: ['NOT_FOUND', 'FORBIDDEN', 'CONFLICT', 'BLOCKED', 'MESSAGE_REFUSED'],
  },
  'get /api/chats/:chatId/members': {
    description: 'Answers the members of a chat with their roles.',
  },
  'post /api/chats/:chatId/members': {
    description:
      'Adds people to a group or room; who does not share a chat with the caller is invited instead. Owners and admins of the chat may.',
    codes: ['FORBIDDEN', 'BLOCKED', 'BANNED', 'CONFLICT'],
  },
  'delete /api/chats/:chatId/members/:userId': {
    description:
      'Removes a member: within a second they hear and see nothing more of the chat. Owners may, and admins of the chat below their own role.',
    codes: ['FORBIDDEN', 'LAST_OWNER'],
  },
  'put /api/chats/:chatId/members/:userId/role': {
    description:
      'Makes a member an owner, admin, moderator or plain member. Owners may, and admins of the chat below their own role.',
    codes: ['FORBIDDEN', 'LAST_OWNER'],
  },
  'post /api/chats/:chatId/leave': {
    description: 'Leaves a group or room. The last owner must make somebody else an owner first.',
    codes: ['FORBIDDEN', 'LAST_OWNER'],
  },
  'get /api/rooms': {
    description: 'Answers the public rooms, newest activity first; `q` finds them by name.',
  },
  'get /api/rooms/:slug': { description: 'Answers one public room by its slug.' },
  'post /api/rooms/:slug/join': {
    description:
      'Makes the caller a member of a public room, and answers the chat. Joining twice changes nothing.',
    codes: ['BANNED', 'CONFLICT', 'FORBIDDEN', 'JOIN_REQUEST_NEEDED'],
  },
  'post /api/rooms/:slug/join-requests': {
    description:
      'Asks to be let into a room whose `joinMode` is `request`. Its owners and admins are told. Asking again changes nothing; who was rejected may ask again a day later.',
    codes: ['NOT_FOUND', 'FORBIDDEN', 'BANNED', 'CONFLICT'],
  },
  'delete /api/rooms/:slug/join-requests': {
    description: 'Takes the request of the caller to join a room back.',
  },
  'get /api/users/me/join-requests': {
    description: 'Answers the rooms that the caller has asked to join, newest request first.',
  },
  'get /api/chats/:chatId/join-requests': {
    description:
      'Answers who asks to be let into a room, longest waiting first. Owners and admins of the room, and admins of the system, may.',
    codes: ['FORBIDDEN'],
  },
  'post /api/chats/:chatId/join-requests/:userId/accept': {
    description:
      'Makes somebody who has asked a member of the room, and tells them. Owners and admins of the room, and admins of the system, may.',
    codes: ['FORBIDDEN', 'BANNED'],
  },
  'post /api/chats/:chatId/join-requests/:userId/reject': {
    description:
      'Rejects a request to join, and tells its sender. Owners and admins of the room, and admins of the system, may.',
    codes: ['FORBIDDEN'],
  },
  'post /api/rooms/:slug/leave': {
    description: 'Ends the membership of the caller in a public room.',
    codes: ['LAST_OWNER'],
  },
  'post /api/chats/:chatId/invites': {
    description:
      'Makes an invite: a code with which whoever has it becomes a member, with an end and a number of uses if they are given. Owners and admins of the chat may.',
    codes: ['FORBIDDEN', 'CONFLICT', 'BLOCKED'],
  },
  'get /api/chats/:chatId/invites': {
    description:
      'Answers the invites of a chat that can still be used. Owners and admins of the chat may.',
    codes: ['FORBIDDEN'],
  },
  'delete /api/chats/:chatId/invites/:code': {
    description: 'Revokes an invite. Owners and admins of the chat may.',
    codes: ['FORBIDDEN'],
  },
  'get /api/invites': {
    description: 'Answers the open invites that are for the caller alone, newest first.',
  },
  'delete /api/invites/:code': { description: 'Declines an invite that is for the caller alone.' },
  'get /api/invites/:code': {
    description:
      'Answers what an invite leads to: the name and size of the chat. Whoever has the code may ask.',
    codes: ['GONE'],
  },
  'post /api/invites/:code/accept': {
    description: 'Makes the caller a member by an invite, and answers the chat.',
    codes: ['GONE', 'BANNED', 'CONFLICT', 'BLOCKED'],
  },
  'post /api/chats/:chatId/sanctions': {
    description:
      'Silences somebody (they read, but cannot write) or bans them (they are removed and kept out), for a time or for good. Owners, admins and moderators of the chat may, below their own role.',
    codes: ['FORBIDDEN', 'LAST_OWNER', 'CONFLICT'],
  },
  'get /api/chats/:chatId/sanctions': {
    description:
      'Answers the silences and bans of a chat with their appeals. Who can lift them may.',
    codes: ['FORBIDDEN'],
  },
  'delete /api/chats/:chatId/sanctions/:sanctionId': {
    description: 'Lifts a silence or ban of a chat.',
    codes: ['FORBIDDEN'],
  },
  'post /api/sanctions/:sanctionId/appeal': {
    description: 'Answers a sanction of the caller, once. Those who can lift it read the text.',
    codes: ['CONFLICT', 'GONE'],
  },
  'post /api/messages/:messageId/read': {
    description:
      'Moves the read position of the caller to this message, so that everything before it is read too. The others hear of it.',
  },
  'post /api/chats/:chatId/read': {
    description:
      'Moves the read position of the caller: to the newest of `messageIds`, to the number `seq`, or to the end. It never moves back.',
  },
  'post /api/chats/bulk-read': {
    description:
      'Reads everything in up to 100 chats; one chat that the caller is not in refuses all.',
    codes: ['NOT_FOUND'],
  },
  'post /api/sync': {
    description:
      'Answers what has changed in the chats of the caller after the versions that the client has: new, edited and deleted messages, positions, memberships. With an empty body it answers the newest state. Repeat with `hasMore`.',
    codes: ['CURSOR_TOO_OLD'],
  },
  'get /api/live': {
    description:
      'Answers the live streams that the caller may watch, newest first. Streams themselves run over the socket.',
  },
};
