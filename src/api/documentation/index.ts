import type { Documentation, OperationNotes } from '../../transport/http/operation-notes.js';
import { accountNotes } from './accounts.notes.js';
import { adminNotes } from './admin.notes.js';
import { chatNotes } from './chats.notes.js';
import { dialectNotes } from './dialects.notes.js';
import { examples } from './examples.js';
import { messageNotes } from './messages.notes.js';
import { parameterTexts } from './parameters.js';
import { serverNotes } from './server.notes.js';

/** What every operation does, and with which codes it may refuse. */
const operations: OperationNotes = {
  ...accountNotes,
  ...chatNotes,
  ...messageNotes,
  ...adminNotes,
  ...serverNotes,
  ...dialectNotes,
};

/** What the groups of operations are for. */
const tags: Record<string, string> = {
  Auth: 'Making an account, signing in and out, passwords, mails with links, second factors, logins.',
  Users: 'Profiles, finding people, who is online.',
  Chats: 'Direct chats and requests for them, the lists of chats, settings of a chat for oneself.',
  Groups: 'Private groups and public rooms: making them, their members and roles.',
  Sanctions: 'Silences and bans, in one chat or on the whole server, and appeals against them.',
  Blocks: 'Keeping somebody from writing to oneself.',
  Media: 'Uploading files to chats, and reading them by signed addresses.',
  Files: 'Sharing a file in a room in one step, lists of files, pictures of people.',
  Rooms: 'Public rooms: listing, joining and leaving them.',
  Invites: 'Invites to groups and rooms, by a code or for one person.',
  Messages: 'Sending, reading, changing and deleting messages; reactions, pins, threads.',
  Admin:
    'What admins of the server do: accounts, broadcasts, word filters, webhooks, the audit trail.',
  Broadcasts: 'Messages of admins to many people, as their recipients read them.',
  Moderation: 'Reports, the cases that they make, and messages that wait for a decision.',
  'Server keys': 'Keys with which the server of another product calls `/api/server`.',
  'Server: users':
    'Accounts of your product’s users, under a server key: made, changed, signed in.',
  'Server: chats': 'Chats of your product, under a server key.',
  'Server: messages': 'Messages and broadcasts of your product, under a server key.',
  Receipts: 'Read positions.',
  Sync: 'Everything that has changed since a device was last connected.',
  Live: 'Live streams; they run over the socket.',
  Search: 'Finding messages by words and by metadata.',
  v0: 'The dialect v0: REST for its clients, on the same chats.',
  Conversation: 'The dialect conversation: REST for its clients, on the same chats.',
};

/** The texts of the specification. */
export const documentation: Documentation = {
  operations,
  tags,
  parameters: parameterTexts,
  examples,
};
