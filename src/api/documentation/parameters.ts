const PAGE_BEFORE = 'Id of the last one of the page before: only older ones';
const SEARCHES = ['get /api/search/messages', 'get /api/chats/:chatId/search'];

const ofSearches = (name: string, text: string): [string, string][] =>
  SEARCHES.map((search) => [`${search} ${name}`, text]);

/** What parameters mean, where their schemas do not say it. */
export const parameterTexts: Record<string, string> = {
  broadcastId: 'Id of the broadcast',
  caseId: 'Id of the case',
  chatId: 'Id of the chat',
  code: 'The code of the invite',
  conversationId: 'Id of the conversation, which is the id of its chat',
  deliveryId: 'Id of the delivery',
  fileId: 'Id of the file, as the upload answered it',
  filterId: 'Id of the word filter',
  heldId: 'Id of the held message',
  inviteId: 'Id of the invite, which is not its code',
  keyId: 'Id of the server key',
  messageId: 'Id of the message',
  participantId: 'Id of the other person',
  receiverId: 'Id of the other person',
  reportId: 'Id of the report',
  room: 'The slug or the name of a room, or the id of any chat',
  sanctionId: 'Id of the silence or ban',
  sessionId: 'Id of the login, as GET /api/auth/sessions answers it',
  slug: 'The address of the room, made of its name',
  userId: 'Id of the user',
  webhookId: 'Id of the webhook',

  page: 'Which page, from 1',
  limit: 'How many a page has at most',
  before: PAGE_BEFORE,
  after: 'Id of the last one of the page before: only newer ones',
  around: 'Id of a message: those before and after it',
  assigneeId: 'Id of the moderator who has the case',
  category: 'Of this category only',
  deleteForEveryone:
    'true: for everyone, which moderators may; false: for the caller alone. Without it, one’s own message goes for everyone',
  direction: 'Requests sent to the caller, or by the caller',
  e: 'Of a signed address: when it expires, in seconds since 1970',
  s: 'Of a signed address: its signature',
  u: 'Of a signed address: for whom it was made',
  v: 'Which form of the file; the file itself without it',
  expire: 'When the permission expires, in seconds since 1970; from `uploadUrl`',
  signature: 'The signature of the permission; from `uploadUrl`',
  token: 'The token of the permission; from `uploadUrl`',
  from: 'This time or later',
  to: 'Before this time',
  hasMedia: 'Only messages with files, or only those without',
  kind: 'Of this kind only',
  q: 'Words to look for',
  query: 'The same as `q`, by its older name',
  role: 'With this role only',
  state: 'In this state only',
  status: 'In this state only',
  type: 'Of this type only',

  ...Object.fromEntries([
    ...ofSearches('from', 'Id of the sender'),
    ...ofSearches('before', 'Sent before this time'),
    ...ofSearches('after', 'Sent after this time'),
  ]),
  'get /api/messages room':
    'The slug or the name of a room; `general` without it and without `chatId`',
  'get /api/users/profile userId': 'Id of somebody else; the caller without it',
  'get /api/rooms q': 'Words of the name of a room, or their beginnings',
};
