import type { ErrorCode } from '../../shared/errors.js';
import type { OperationNotes } from '../../transport/http/operation-notes.js';
import { SENDING } from './messages.notes.js';

const SANCTION: ErrorCode[] = ['NOT_FOUND', 'FORBIDDEN', 'CONFLICT', 'LAST_OWNER', 'LAST_ADMIN'];

/** What admins and moderators do, and what everybody reports to them. */
export const adminNotes: OperationNotes = {
  'get /api/admin/users': {
    description: 'Answers all accounts, or those that fit the filters, closed ones too.',
  },
  'get /api/admin/users/:userId': {
    description: 'Answers one account with its role, address and state.',
  },
  'post /api/admin/users/:userId/deactivate': {
    description:
      'Closes an account: its logins end within a second, nobody finds it, its messages stay. The last admin cannot be closed.',
    codes: ['LAST_ADMIN', 'CONFLICT'],
  },
  'post /api/admin/users/:userId/reactivate': {
    description: 'Opens a closed account again; its owner signs in anew.',
    codes: ['CONFLICT'],
  },
  'put /api/admin/users/:userId/role': {
    description:
      'Makes somebody an admin, or takes the role away, effective on every node within a second. One admin must be left.',
    codes: ['LAST_ADMIN', 'CONFLICT'],
  },
  'delete /api/admin/users/:userId/totp': {
    description: 'Ends the second factor of somebody who has lost it, and all their logins.',
    codes: ['CONFLICT'],
  },
  'post /api/admin/users/:userId/logout-all': {
    description: 'Ends all logins of a user and closes their sockets.',
  },
  'post /api/admin/registration-invites': {
    description:
      'Makes a code with which people may make an account where `REGISTRATION=invite`. The code is shown this once.',
    codes: ['CONFLICT'],
  },
  'get /api/admin/registration-invites': {
    description: 'Answers the codes that were made, newest first, without the codes themselves.',
  },
  'delete /api/admin/registration-invites/:inviteId': {
    description: 'Ends a code; the accounts that were made with it stay.',
  },
  'post /api/admin/send-to-user': {
    description:
      'Writes to a person as the admin, in their direct chat, whether or not they have accepted it.',
    codes: [...SENDING],
  },
  'get /api/broadcasts': {
    description: 'Answers the broadcasts that the caller has been sent, newest first.',
  },
  'post /api/broadcasts/:broadcastId/read': {
    description: 'Reads a broadcast, and so those before it.',
  },
  'post /api/admin/broadcasts': {
    description:
      'Sends a message to everybody, to a role or to a list of people, now or at `scheduledAt`. A repetition with the same `clientMessageId` sends nothing again.',
    codes: ['CLIENT_MESSAGE_ID_REUSED', 'NOT_FOUND', 'CONFLICT'],
  },
  'get /api/admin/broadcasts': { description: 'Answers all broadcasts, newest first.' },
  'get /api/admin/broadcasts/:broadcastId': {
    description: 'Answers a broadcast and how many people it has reached and who have read it.',
  },
  'post /api/admin/broadcasts/:broadcastId/cancel': {
    description: 'Takes back a broadcast that has not been sent yet.',
    codes: ['CONFLICT'],
  },
  'post /api/messages/:messageId/report': {
    description:
      'Reports a message to the moderators, who see it with what was written around it. A second report of the same message changes nothing.',
    codes: ['FORBIDDEN', 'GONE', 'CONFLICT'],
  },
  'post /api/users/:userId/report': {
    description: 'Reports a person to the moderators.',
    codes: ['FORBIDDEN', 'CONFLICT'],
  },
  'post /api/chats/:chatId/report': {
    description: 'Reports a chat to the moderators. Its members may, and everybody a public room.',
    codes: ['FORBIDDEN', 'CONFLICT'],
  },
  'get /api/reports': {
    description: 'Answers what the caller has reported and what became of it, newest first.',
  },
  'get /api/chats/:chatId/reports': {
    description:
      'Answers the reported messages of a chat, newest first. Its moderators and admins of the server may.',
    codes: ['FORBIDDEN'],
  },
  'get /api/admin/reports': {
    description:
      'Answers the reported messages, newest first, each as it was when it was reported.',
  },
  'post /api/admin/reports/:reportId/resolve': {
    description: 'Closes a report with a note. It can be closed once.',
    codes: ['CONFLICT'],
  },
  'get /api/admin/cases': {
    description: 'Answers the queue of cases, newest first. A case is all reports of one thing.',
  },
  'get /api/admin/cases/statistics': {
    description:
      'Answers how many cases of a span of time have which state and category, and how long decisions took.',
  },
  'get /api/admin/cases/:caseId': {
    description:
      'Answers one case: its reports, what was reported, and what was written around it.',
  },
  'post /api/admin/cases/:caseId/assign': {
    description: 'Gives a case to a moderator by `assigneeId`, or back to the queue with null.',
    codes: ['CONFLICT'],
  },
  'post /api/admin/cases/:caseId/actions': {
    description:
      'Acts on a case and closes it: deletes the message, warns, silences or bans the person, or dismisses it. The reporters hear what became of it.',
    codes: ['FORBIDDEN', 'CONFLICT', 'GONE', 'LAST_OWNER', 'LAST_ADMIN'],
  },
  'get /api/admin/held-messages': {
    description: 'Answers the messages of all chats that wait for a decision, newest first.',
  },
  'get /api/chats/:chatId/held-messages': {
    description:
      'Answers the messages of a chat that wait for a decision, newest first. Its moderators may.',
    codes: ['FORBIDDEN'],
  },
  'post /api/held-messages/:heldId/release': {
    description:
      'Sends a held message, as of now. Moderators of its chat and admins of the server may.',
    codes: ['FORBIDDEN', 'CONFLICT', 'GONE', 'MESSAGE_REFUSED', 'PRE_SEND_UNAVAILABLE'],
  },
  'post /api/held-messages/:heldId/refuse': {
    description:
      'Refuses a held message; its sender is told. Moderators of its chat and admins of the server may.',
    codes: ['FORBIDDEN', 'CONFLICT', 'GONE'],
  },
  'post /api/admin/sanctions': {
    description:
      'Silences or bans somebody on the whole server, for a time or for good. A ban ends their logins within a second.',
    codes: [...SANCTION],
  },
  'get /api/admin/sanctions': {
    description:
      'Answers the silences and bans on the whole server, newest first, with their appeals.',
  },
  'delete /api/admin/sanctions/:sanctionId': {
    description: 'Lifts a silence or ban on the whole server.',
  },
  'get /api/admin/word-filters': { description: 'Answers the filtered words, newest first.' },
  'post /api/admin/word-filters': {
    description:
      'Filters a word everywhere, or in one chat: messages with it are refused, masked or held for a moderator.',
    codes: ['NOT_FOUND', 'CONFLICT'],
  },
  'put /api/admin/word-filters/:filterId': {
    description: 'Changes a filtered word, or what happens to messages with it.',
    codes: ['CONFLICT'],
  },
  'delete /api/admin/word-filters/:filterId': {
    description: 'Ends a word filter; held messages stay held until somebody decides.',
  },
  'get /api/admin/webhooks': {
    description: 'Answers all webhooks, oldest first, without their secrets.',
  },
  'post /api/admin/webhooks': {
    description:
      'Makes a webhook: from then on its address gets the events that it names, signed as Standard Webhooks are. The secret is shown this once.',
    codes: ['CONFLICT'],
  },
  'get /api/admin/webhooks/:webhookId': {
    description: 'Answers a webhook, and since when it has been failing.',
  },
  'patch /api/admin/webhooks/:webhookId': {
    description: 'Changes the address or the events of a webhook, disables it or enables it again.',
    codes: ['CONFLICT'],
  },
  'delete /api/admin/webhooks/:webhookId': {
    description: 'Deletes a webhook and its deliveries; nothing more is sent.',
  },
  'post /api/admin/webhooks/:webhookId/test': {
    description:
      'Sends the event `webhook.test` at once, and answers the delivery with what came back.',
    codes: ['CONFLICT'],
  },
  'post /api/admin/webhooks/:webhookId/rotate': {
    description:
      'Makes another secret, shown this once. The one before signs too for another 24 hours.',
  },
  'post /api/admin/webhooks/:webhookId/recover': {
    description: 'Sends again what has happened since a time and has not arrived.',
    codes: ['CONFLICT'],
  },
  'get /api/admin/webhooks/:webhookId/deliveries': {
    description: 'Answers the deliveries of a webhook and what was answered to them, newest first.',
  },
  'post /api/admin/webhooks/:webhookId/deliveries/:deliveryId/redeliver': {
    description: 'Sends a delivery once more, whether or not it arrived before.',
    codes: ['CONFLICT'],
  },
  'get /api/admin/audit': {
    description:
      'Answers what admins and server keys have done, and logins, newest first; filters narrow it.',
  },
  'get /api/admin/audit/export': {
    description:
      'Answers the audit trail as JSON Lines, newest first, an event a line, as long as it is.',
  },
  'post /api/admin/keys': {
    description:
      'Makes a key with which the server of your product calls `/api/server`. It has the scopes that it is given, and is shown this once.',
    codes: ['CONFLICT'],
  },
  'get /api/admin/keys': {
    description: 'Answers all server keys, newest first, without the keys themselves.',
  },
  'delete /api/admin/keys/:keyId': {
    description: 'Revokes a server key for good, on every node within a second.',
  },
};
