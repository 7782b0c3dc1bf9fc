/** The conversation dialect: events with colons; sent, delivered, read; a deletion. */
import { randomUUID } from 'node:crypto';
import { call, connect, next, register, rest } from './people.mjs';

const [ada, bob] = await Promise.all([register('Ada'), register('Bob')]);
const [adas, bobs] = await Promise.all([
  connect(ada, 'conversation'),
  connect(bob, 'conversation'),
]);

// Opens the conversation with a person, if there is none yet.
const { _id: conversationId } = await rest(
  'GET',
  `/api/chat/conversation/${bob.user.id}`,
  ada.token,
);

const typing = next(bobs, 'typing:start');
await call(adas, 'typing:start', { conversationId });
console.log(`${(await typing).user.name} is typing`);

// `new:message` comes without joining.
const received = next(bobs, 'new:message');
const delivered = next(adas, 'message:delivered');
const sent = await call(adas, 'send:message', {
  conversationId,
  text: 'Hello Bob',
  clientMessageId: randomUUID(),
});
const { message } = await received;
console.log(`${message.senderId.name}: ${message.text}`);
console.log(`Delivered to Bob: ${(await delivered).deliveredTo === bob.user.id}`);

const read = next(adas, 'messages:read');
await call(bobs, 'message:read', { conversationId, messageIds: [sent._id] });
console.log(`Read by Bob: ${(await read).readBy === bob.user.id}`);

const deleted = next(bobs, 'message:deleted');
await call(adas, 'delete:message', { messageId: sent._id, deleteForEveryone: true });
console.log(`Deleted: ${(await deleted).messageId === sent._id}`);

adas.close();
bobs.close();
