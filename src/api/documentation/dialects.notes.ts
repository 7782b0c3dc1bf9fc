import type { OperationNotes } from '../../transport/http/operation-notes.js';
import { SENDING } from './messages.notes.js';

const CONVERSATION_WITH = {
  description: 'Answers the conversation with a person; where there is none it is opened.',
  codes: ['BLOCKED', 'FORBIDDEN', 'CONFLICT'],
} as const;

/** The routes of the dialects v0 and conversation. */
export const dialectNotes: OperationNotes = {
  'get /api/v0/chat/conversations': {
    description: 'Answers the conversations of the caller, newest activity first.',
  },
  'get /api/v0/chat/unread-count': {
    description: 'Answers how many messages the caller has not read, in all conversations.',
  },
  'get /api/v0/chat/conversation/:receiverId': {
    ...CONVERSATION_WITH,
    codes: [...CONVERSATION_WITH.codes],
  },
  'get /api/v0/chat/conversation/:conversationId/messages': {
    description: 'Answers messages of a conversation; page 1 is the newest.',
  },
  'put /api/v0/chat/conversation/:conversationId/read': {
    description: 'Reads everything in a conversation; the other one hears of it.',
  },
  'post /api/v0/chat/send': {
    description:
      'Sends a message to a person; the conversation is opened where there is none. A repetition with the same client id answers 200 and the same message.',
    codes: [...SENDING],
  },
  'put /api/v0/chat/message/:messageId/read': {
    description: 'Reads a message, and so those before it.',
  },
  'delete /api/v0/chat/message/:messageId': {
    description: 'Deletes a message: one’s own for everyone, a received one for the caller.',
    codes: ['FORBIDDEN', 'GONE'],
  },
  'get /api/v0/chat/online-users': {
    description: 'Answers who is online among the people with whom the caller shares a chat.',
  },
  'get /api/v0/chat/user-status/:userId': {
    description:
      'Answers whether somebody is online and when they last were; 404 for whom the caller shares no chat with.',
  },
  'post /api/v0/chat/admin/broadcast': {
    description: 'Sends a message to everybody, to a role or to a list of people, now or later.',
    codes: ['CLIENT_MESSAGE_ID_REUSED', 'NOT_FOUND', 'CONFLICT'],
  },
  'post /api/v0/chat/admin/send-to-user': {
    description: 'Writes to a person as the admin, whether or not they have accepted a chat.',
    codes: [...SENDING],
  },
  'get /api/chat/conversations': {
    description: 'Answers the conversations of the caller, newest activity first.',
  },
  'get /api/chat/unread-count': {
    description: 'Answers how many messages the caller has not read, in all conversations.',
  },
  'get /api/chat/conversation/:participantId': {
    ...CONVERSATION_WITH,
    codes: [...CONVERSATION_WITH.codes],
  },
  'get /api/chat/conversation/:conversationId/messages': {
    description:
      'Answers messages of a conversation; page 1 is the newest. What is answered counts as delivered.',
  },
  'post /api/chat/message': {
    description:
      'Sends a message with text, media or both to a person or a conversation. A repetition with the same client id answers 200 and the same message.',
    codes: [...SENDING],
  },
  'post /api/chat/messages/read': {
    description:
      'Reads the messages that are named, and so those before them; without ids, the whole conversation.',
    codes: ['NOT_FOUND'],
  },
  'delete /api/chat/message/:messageId': {
    description: 'Deletes a message for the caller, or one’s own for everyone.',
    codes: ['FORBIDDEN', 'GONE'],
  },
};
