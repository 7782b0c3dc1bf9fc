/** The native dialect: a chat request, a message, typing, reading, a reaction, an edit, a deletion. */
import { randomUUID } from 'node:crypto';
import { call, connect, next, register, rest } from './people.mjs';

const [ada, bob] = await Promise.all([register('Ada'), register('Bob')]);
const [adas, bobs] = await Promise.all([connect(ada, 'native'), connect(bob, 'native')]);

// A direct chat begins as a request, which its recipient accepts.
const asked = next(bobs, 'chat_created');
const { id: chatId } = await rest('POST', '/api/chats/or-create', ada.token, {
  recipientId: bob.user.id,
});
console.log(`Bob has a request: ${(await asked).chat.status}`);
await rest('POST', `/api/chats/${chatId}/accept`, bob.token, {});

// Who has the chat open hears `message_received`; the others hear `unread_message`, with their count.
await Promise.all([call(adas, 'join_chat', { chatId }), call(bobs, 'join_chat', { chatId })]);

const typing = next(bobs, 'user_typing');
await call(adas, 'typing', { chatId });
console.log(`${(await typing).user.name} is typing`);

// The acknowledgement means: stored. A retry under the same clientMessageId sends nothing twice.
const received = next(bobs, 'message_received');
const clientMessageId = randomUUID();
const sent = await call(adas, 'send_message', { chatId, content: 'Hello Bob', clientMessageId });
const { sender, content } = await received;
console.log(`${sender.name}: ${content}`);

const read = next(adas, 'messages_read');
await call(bobs, 'mark_as_read', { chatId });
console.log(`Bob has read up to message ${(await read).seq}`);

const reaction = next(adas, 'reaction_added');
await call(bobs, 'add_reaction', { messageId: sent.id, emoji: '👍' });
console.log(`Bob reacts with ${(await reaction).emoji}`);

const edited = next(bobs, 'message_edited');
await call(adas, 'edit_message', { messageId: sent.id, content: 'Hello, Bob!' });
console.log(`Edited: ${(await edited).content}`);

const deleted = next(bobs, 'message_deleted');
await call(adas, 'delete_message', { messageId: sent.id, deleteForEveryone: true });
console.log(`Deleted: ${(await deleted).messageId === sent.id}`);

adas.close();
bobs.close();
