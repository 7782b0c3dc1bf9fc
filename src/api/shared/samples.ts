/** What the examples of the documented events are made of. */

/** Ids of the examples: two people, a chat and a message. */
export const ANNA = '665f1c2e9b1e8a3d4c5b6a01';
export const BEN = '665f1c2e9b1e8a3d4c5b6a02';
export const CHAT = '665f1c2e9b1e8a3d4c5b6b01';
export const MESSAGE = '665f1c2e9b1e8a3d4c5b6c01';
/** A time of the examples. */
export const NOON = '2026-03-02T12:00:00.000Z';

/** Somebody, as everybody sees them. */
export const samplePerson = {
  id: ANNA,
  _id: ANNA,
  username: 'anna',
  firstName: 'Anna',
  lastName: 'Berg',
  name: 'Anna Berg',
  avatar: null,
  profileImage: null,
};

/** A message in the native shape. */
export const sampleMessage = {
  id: MESSAGE,
  _id: MESSAGE,
  chatId: CHAT,
  seq: 7,
  version: 9,
  senderId: ANNA,
  sender: samplePerson,
  clientMessageId: '5f0c7d1e-3a44-4f0a-9d57-0a2b6f0c1d2e',
  messageType: 'text',
  content: 'Hello',
  media: [],
  replyTo: null,
  replyToSeq: null,
  mentions: [],
  reactions: [],
  status: 'sent',
  isEdited: false,
  editedAt: null,
  isDeleted: false,
  deletedAt: null,
  deletedBy: null,
  isModerated: false,
  isPinned: false,
  pinnedAt: null,
  system: null,
  forwardedFrom: null,
  createdAt: NOON,
  updatedAt: NOON,
};

/** The same message after it was deleted for everyone. */
export const sampleTombstone = {
  ...sampleMessage,
  version: 12,
  content: '',
  isDeleted: true,
  deletedAt: NOON,
  deletedBy: ANNA,
};

/** A broadcast as its recipients get it. */
export const sampleBroadcast = {
  id: '665f1c2e9b1e8a3d4c5b6d11',
  _id: '665f1c2e9b1e8a3d4c5b6d11',
  number: 4,
  senderId: ANNA,
  senderName: samplePerson.name,
  sender: samplePerson,
  message: 'The server moves on Sunday.',
  messageType: 'text',
  sentAt: NOON,
  createdAt: NOON,
};

/** A picture in a message. */
export const samplePicture = {
  fileId: 'a8098c1a-f86e-4b7a-9a4f-1b1f2c3d4e5f',
  url: 'https://chat.example.com/uploads/a8098c1a.jpg',
  thumbnailUrl: 'https://chat.example.com/uploads/a8098c1a-thumbnail.jpg',
  type: 'image',
  filename: 'harbour.jpg',
  size: 182_044,
  mimeType: 'image/jpeg',
  width: 1600,
  height: 1200,
};
