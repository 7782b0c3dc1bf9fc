import type { ErrorCode } from '../../shared/errors.js';
import type { OperationNotes } from '../../transport/http/operation-notes.js';

/** Why a message may not be sent to a chat. */
export const SENDING: ErrorCode[] = [
  'NOT_FOUND',
  'FORBIDDEN',
  'CHAT_NOT_ACCEPTED',
  'BLOCKED',
  'SILENCED',
  'SLOW_MODE',
  'CLIENT_MESSAGE_ID_REUSED',
  'MESSAGE_REFUSED',
  'PRE_SEND_UNAVAILABLE',
];
/** Why a file may not be stored. */
const STORING: ErrorCode[] = [
  'NOT_FOUND',
  'UNSAFE_FILE',
  'STORAGE_UNAVAILABLE',
  'INSUFFICIENT_STORAGE',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
];
/** Why a chat takes neither messages nor files from somebody. */
const POSTING: ErrorCode[] = ['FORBIDDEN', 'CHAT_NOT_ACCEPTED', 'BLOCKED', 'SILENCED'];

/** Messages, search, files. */
export const messageNotes: OperationNotes = {
  'post /api/messages': {
    description:
      'Sends a message to a chat by `chatId`, or to a room by its name. It has been stored when the answer comes. A repetition with the same `clientMessageId` answers the same message and sends nothing again.',
    codes: [...SENDING],
  },
  'get /api/messages': {
    description:
      'Answers messages of a chat by `chatId`, or of a room by its name. `page` and `limit` page from the newest; `before` and `after` go on from a message.',
    codes: ['NOT_FOUND'],
  },
  'get /api/chats/:chatId/messages': {
    description:
      'Answers messages of a chat. `page` and `limit` page from the newest; `before` and `after` go on from a message.',
  },
  'get /api/messages/starred': {
    description: 'Answers the starred messages of the caller, last starred first.',
  },
  'post /api/messages/:messageId/star': {
    description:
      'Stars a message for the caller alone; the other devices of the caller hear of it.',
    codes: ['GONE', 'CONFLICT'],
  },
  'delete /api/messages/:messageId/star': { description: 'Takes a star back.' },
  'get /api/messages/:messageId': {
    description: 'Answers one message of a chat that the caller is in.',
  },
  'put /api/messages/:messageId': {
    description:
      'Changes the text or the metadata of a message of the caller, within the time that the server allows. Former texts stay readable.',
    codes: [
      'FORBIDDEN',
      'EDIT_WINDOW_CLOSED',
      'GONE',
      'SILENCED',
      'BLOCKED',
      'CHAT_NOT_ACCEPTED',
      'MESSAGE_REFUSED',
      'PRE_SEND_UNAVAILABLE',
      'CONFLICT',
    ],
  },
  'delete /api/messages/:messageId': {
    description:
      'Deletes a message: one’s own for everyone, somebody else’s for the caller alone. With `deleteForEveryone=true` moderators delete what somebody of a lower role has written.',
    codes: ['FORBIDDEN', 'GONE'],
  },
  'post /api/messages/bulk-delete': {
    description: 'Deletes up to 100 messages: all of them, or none when one may not be deleted.',
    codes: ['NOT_FOUND', 'FORBIDDEN', 'GONE'],
  },
  'get /api/messages/:messageId/replies': {
    description: 'Answers a message and the answers to it, oldest first.',
  },
  'get /api/messages/:messageId/edits': {
    description:
      'Answers the texts that a message had before, oldest first. Everybody in the chat may read them while the message is there.',
    codes: ['FORBIDDEN', 'GONE'],
  },
  'get /api/chats/:chatId/pinned': {
    description: 'Answers the pinned messages of a chat, last pinned first.',
  },
  'post /api/messages/:messageId/react': {
    description: 'Adds an emoji of the caller to a message; the same emoji again takes it back.',
    codes: ['GONE', 'CONFLICT', ...POSTING],
  },
  'post /api/messages/:messageId/pin': {
    description:
      'Pins a message for everybody in the chat. In groups and rooms moderators and above may; in a direct chat both.',
    codes: ['GONE', ...POSTING],
  },
  'post /api/messages/:messageId/unpin': {
    description: 'Unpins a message for everybody in the chat.',
    codes: ['GONE', ...POSTING],
  },
  'post /api/messages/:messageId/forward': {
    description:
      'Sends a copy of a message to up to 20 chats of the caller, all or none; each copy says where it is from.',
    codes: [...SENDING, 'GONE'],
  },
  'get /api/chats/:chatId/search': {
    description:
      'Finds messages of a chat by their words, or by values of their metadata, newest first.',
  },
  'get /api/search/messages': {
    description:
      'Finds messages of all chats of the caller by their words, or by values of their metadata, newest first.',
  },
  'post /api/media/upload-chat-media': {
    description:
      'Stores one file for a chat. Its type is told from its content. The answer, as it is, is an attachment of `POST /api/messages`; nobody sees the file before.',
    codes: [...STORING, ...POSTING],
  },
  'post /api/media/bulk-upload': {
    description: 'Stores up to 10 files for a chat: all of them, or none.',
    codes: [...STORING, ...POSTING],
  },
  'get /api/media/get-upload-token': {
    description:
      'Answers where and how to upload one file directly within ten minutes: to the remote store, or to this server where files are on its disk.',
    codes: ['NOT_FOUND', 'STORAGE_UNAVAILABLE', 'INSUFFICIENT_STORAGE', ...POSTING],
  },
  'post /api/media/direct-upload': {
    description:
      'Takes one file under a permission of `GET /api/media/get-upload-token`; the parameters are those of its `uploadUrl`, which alone is needed, and no token.',
    codes: [...STORING, 'FORBIDDEN', 'CONFLICT', 'GONE'],
  },
  'post /api/media/complete': {
    description:
      'Takes over a file that was uploaded directly to a remote store: inspects it and answers it as an attachment. A file that this server has on its own disk needs no taking over; it is answered as it is.',
    codes: [...STORING, 'CONFLICT', 'GONE', 'FORBIDDEN'],
  },
  'get /api/media/:fileId/metadata': {
    description:
      'Answers the facts of a file, and fresh signed addresses of its content. The uploader may, and who is in a chat in which it was sent.',
    codes: ['GONE', 'STORAGE_UNAVAILABLE'],
  },
  'post /api/media/delete': {
    description: 'Removes an upload of the caller that no message uses.',
    codes: ['NOT_FOUND', 'CONFLICT', 'STORAGE_UNAVAILABLE'],
  },
  'get /media/:fileId': {
    description:
      'Answers the content of a file. A signed address works without a token, so that pages can show it; else a token of somebody who may see it is needed. `Range` and `ETag` work.',
    codes: [
      'UNAUTHENTICATED',
      'TOKEN_EXPIRED',
      'FORBIDDEN',
      'GONE',
      'STORAGE_UNAVAILABLE',
      'ACCOUNT_DEACTIVATED',
      'BANNED',
      'TOTP_ENROLMENT_REQUIRED',
    ],
  },
  'post /api/files/upload': {
    description:
      'Stores a file of up to 10 MB and sends it as a message to a room in one step. A repetition with the same `clientMessageId` answers the same.',
    codes: [...STORING, ...SENDING, 'GONE'],
  },
  'get /api/files/media/:room': {
    description: 'Answers the messages of a room that carry files, newest first.',
  },
  'delete /api/files/:messageId': {
    description: 'Deletes a file of the caller with its message, for everyone.',
    codes: ['FORBIDDEN', 'GONE', 'STORAGE_UNAVAILABLE'],
  },
  'get /api/files/stats/:room': {
    description: 'Answers how many files of which kind a room has, and their size in bytes.',
  },
};
