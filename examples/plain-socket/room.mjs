/** The room dialect: public rooms by their name, events with dashes. */
import { randomUUID } from 'node:crypto';
import { call, connect, next, register, rest } from './people.mjs';

const room = `lobby-${Date.now().toString(36)}`;
const [ada, bob] = await Promise.all([register('Ada'), register('Bob')]);
const [adas, bobs] = await Promise.all([connect(ada, 'room'), connect(bob, 'room')]);

// The first one to join makes the room.
await call(adas, 'join-room', { room });
const entered = next(adas, 'user-online');
const { count } = await call(bobs, 'join-room', { room });
console.log(`Bob has come: ${(await entered).userId === bob.user.id}, they are ${count}`);

const typing = next(bobs, 'user-typing');
await call(adas, 'typing-start', { room });
console.log(`${(await typing).user.name} is typing`);

const received = next(bobs, 'new-message');
const sent = await call(adas, 'send-message', {
  room,
  content: 'Hello everybody',
  clientMessageId: randomUUID(),
});
const message = await received;
console.log(`${message.sender.name}: ${message.content}`);

const read = next(adas, 'message-read-receipt');
await call(bobs, 'message-read', { room, messageId: sent.id });
console.log(`Read by Bob: ${(await read).readBy === bob.user.id}`);

const history = await rest('GET', `/api/messages?room=${room}`, bob.token);
console.log(`The room's messages: ${history.map(({ content }) => content).join()}`);

const left = next(adas, 'user-offline');
await call(bobs, 'leave-room', { room });
console.log(`Bob has left: ${(await left).userId === bob.user.id}`);

adas.close();
bobs.close();
