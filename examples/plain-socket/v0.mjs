/** The v0 dialect: messages to a person rather than to a chat, typing, reading, a deletion. */
import { randomUUID } from 'node:crypto';
import { call, connect, next, register, rest } from './people.mjs';

const [ada, bob] = await Promise.all([register('Ada'), register('Bob')]);
const [adas, bobs] = await Promise.all([connect(ada, 'v0'), connect(bob, 'v0')]);

// The conversation begins with its first message. Nobody has to join it.
const received = next(bobs, 'new_message');
const confirmed = next(adas, 'message_sent');
const sent = await call(adas, 'send_message', {
  receiverId: bob.user.id,
  message: 'Hello Bob',
  clientMessageId: randomUUID(),
});
const { data } = await received;
console.log(`${data.senderName}: ${data.message}`);
console.log(`Confirmed to Ada: ${(await confirmed).data._id === sent._id}`);

const typing = next(adas, 'user_typing');
await call(bobs, 'typing_start', { receiverId: ada.user.id });
console.log(`${(await typing).senderName} is typing`);

const read = next(adas, 'message_read');
await call(bobs, 'mark_message_read', { messageId: sent._id });
console.log(`Read: ${(await read).messageId === sent._id}`);

const deleted = next(bobs, 'message_deleted');
await rest('DELETE', `/api/v0/chat/message/${sent._id}`, ada.token);
console.log(`Deleted: ${(await deleted).messageId === sent._id}`);

const [conversation] = await rest('GET', '/api/v0/chat/conversations', bob.token);
console.log(`Bob's conversations: ${conversation.otherUser.name}`);

adas.close();
bobs.close();
