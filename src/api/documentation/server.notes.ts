import type { ErrorCode } from '../../shared/errors.js';
import type { OperationNotes } from '../../transport/http/operation-notes.js';
import { SENDING } from './messages.notes.js';

const ACCOUNT: ErrorCode[] = ['USERNAME_TAKEN', 'EMAIL_TAKEN', 'CONFLICT'];

/** What the server of another product does under its key. */
export const serverNotes: OperationNotes = {
  'post /api/server/users': {
    description:
      'Makes an account without a password, under your own `externalId`. Its user signs in with a token of `POST /api/server/users/{userId}/token`.',
    codes: [...ACCOUNT],
  },
  'get /api/server/users': {
    description: 'Answers all accounts, or those that fit: by `externalId`, by words, by state.',
  },
  'post /api/server/users/bulk': {
    description:
      'Makes or changes up to 100 accounts by their external ids. Each has its own result: one that fails does not stop the others.',
    codes: [...ACCOUNT],
  },
  'get /api/server/users/:userId': {
    description: 'Answers an account with its external id and metadata.',
  },
  'patch /api/server/users/:userId': {
    description:
      'Changes the members that are sent and keeps the others; null removes one. Accounts of admins are refused.',
    codes: [...ACCOUNT, 'FORBIDDEN'],
  },
  'post /api/server/users/:userId/deactivate': {
    description:
      'Closes an account: its logins end within a second and nobody finds it. Accounts of admins are refused.',
    codes: ['FORBIDDEN', 'LAST_ADMIN', 'CONFLICT'],
  },
  'post /api/server/users/:userId/reactivate': {
    description: 'Opens a closed account again.',
    codes: ['FORBIDDEN', 'CONFLICT'],
  },
  'post /api/server/users/:userId/token': {
    description:
      'Makes an access token that signs a user in for `expiresIn` seconds; hand it to their browser or phone. Not for admins.',
    codes: ['FORBIDDEN', 'ACCOUNT_DEACTIVATED', 'BANNED'],
  },
  'post /api/server/users/:userId/revoke': {
    description: 'Ends all logins of a user and closes their sockets within a second.',
    codes: ['FORBIDDEN'],
  },
  'post /api/server/chats': {
    description:
      'Makes a direct chat, a group or a room with its members, without asking anybody. With a known `externalId` it answers the chat that is there, with 200.',
    codes: ['NOT_FOUND', 'CONFLICT', 'FORBIDDEN', 'ACCOUNT_DEACTIVATED'],
  },
  'get /api/server/chats': {
    description: 'Answers all chats, or those that fit, last made first.',
  },
  'get /api/server/chats/:chatId': { description: 'Answers a chat, whoever is in it.' },
  'patch /api/server/chats/:chatId': {
    description:
      'Changes the name, description, picture or metadata of a chat; its members hear of it.',
    codes: ['FORBIDDEN', 'CONFLICT'],
  },
  'delete /api/server/chats/:chatId': {
    description: 'Removes a chat with its memberships and messages, for everybody and for good.',
  },
  'get /api/server/chats/:chatId/members': {
    description: 'Answers the members of a chat, with the data that each has about it.',
  },
  'post /api/server/chats/:chatId/members': {
    description: 'Adds people to a group or room; nobody is asked.',
    codes: ['FORBIDDEN', 'BANNED', 'CONFLICT', 'BLOCKED'],
  },
  'patch /api/server/chats/:chatId/members/:userId': {
    description: 'Sets the data that a member has about a chat.',
  },
  'delete /api/server/chats/:chatId/members/:userId': {
    description:
      'Removes a member of a group or room: within a second they hear nothing more of it.',
    codes: ['FORBIDDEN', 'LAST_OWNER'],
  },
  'post /api/server/chats/:chatId/messages': {
    description:
      'Sends a message as the system, or with `senderId` in the name of a member. A repetition with the same `clientMessageId` answers the same message.',
    codes: [...SENDING, 'ACCOUNT_DEACTIVATED'],
  },
  'get /api/server/chats/:chatId/messages': {
    description: 'Answers messages of any chat, by page or cursor.',
  },
  'get /api/server/messages': {
    description: 'Answers messages of all chats by the values of their metadata, newest first.',
  },
  'get /api/server/messages/:messageId': { description: 'Answers a message of any chat.' },
  'patch /api/server/messages/:messageId': {
    description:
      'Changes the text or metadata of a message of the system, or with `senderId` of a user in their name.',
    codes: [
      'FORBIDDEN',
      'GONE',
      'EDIT_WINDOW_CLOSED',
      'CONFLICT',
      'MESSAGE_REFUSED',
      'PRE_SEND_UNAVAILABLE',
      'SILENCED',
      'BLOCKED',
      'CHAT_NOT_ACCEPTED',
      'ACCOUNT_DEACTIVATED',
    ],
  },
  'delete /api/server/messages/:messageId': {
    description: 'Deletes a message of anybody’s for everyone.',
    codes: ['FORBIDDEN', 'GONE'],
  },
  'post /api/server/broadcasts': {
    description:
      'Sends a message to everybody, to a role or to a list of people, now or at `scheduledAt`.',
    codes: ['CLIENT_MESSAGE_ID_REUSED', 'NOT_FOUND', 'CONFLICT'],
  },
};
