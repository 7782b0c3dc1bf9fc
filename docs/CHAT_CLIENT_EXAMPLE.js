/**
 * How to chat from JavaScript.
 *
 * In Node (after `npm run build`):
 *
 *   node docs/CHAT_CLIENT_EXAMPLE.js http://localhost:8000 TOKEN CHAT_ID "Hello!"
 *
 * sends a message, shows the chat as it is then, and ends.
 *
 * In your own code:
 *
 *   import { ChatClient, ChatRoom, Message } from './CHAT_CLIENT_EXAMPLE.js';
 *
 *   const client = new ChatClient('http://localhost:8000', token);
 *   await client.connect();
 *
 *   const room = new ChatRoom(client, chatId);
 *   await room.join();
 *
 *   const msg = new Message(client, chatId);
 *   await msg.sendText('Hello!');
 *
 * Where the client is installed as a package (`npm pack --workspace @parley-chat/client` makes one), import
 * the same names from `@parley-chat/client`, with types; `@parley-chat/client/file-storage` keeps a Node
 * program's outbox in a folder. Bundlers for browsers find `dist/browser.js`, one file with everything in it,
 * which a page may also import as it is.
 *
 * The client keeps itself in step with the server: it reconnects by itself, fetches what it missed, puts
 * messages into the server's order, and sends what was written offline exactly once. What a page has
 * to do is to show `room.messages()` whenever `room.onChange` says that they are other than before.
 */
import { pathToFileURL } from 'node:url';
import { ChatClient, ChatRoom, Message } from '@parley-chat/client';

export { ChatClient, ChatRoom, Message };

/** One line per message, as a terminal would show it. */
const lineOf = ({ seq, sender, content, isDeleted, isEdited, status }) =>
  `${seq}. ${sender?.name ?? 'somebody'}: ${isDeleted ? '(deleted)' : content}` +
  `${isEdited ? ' (edited)' : ''} [${status}]`;

const main = async ([url, token, chatId, text]) => {
  if (!text) {
    console.error('usage: node CHAT_CLIENT_EXAMPLE.js URL TOKEN CHAT_ID TEXT');
    process.exitCode = 2;
    return;
  }
  const client = new ChatClient(url, token);

  // The client's own news …
  client.on('disconnected', () => console.log('offline; messages wait until we are back'));
  client.on('send_failed', ({ error }) => console.error(`not sent: ${error.message}`));
  // … and the server's events, by their own names.
  client.on('user_typing', ({ user }) => console.log(`${user.name} is typing …`));
  client.on('messages_read', ({ readBy }) => console.log(`read by ${readBy}`));

  // Resolves when all chats are in step with the server; rejects when the token is refused.
  await client.connect();

  const room = new ChatRoom(client, chatId);
  await room.join();
  room.onChange(() =>
    console.log(`${room.messages().length} messages, ${room.unreadCount()} unread`),
  );

  // Safe to call without a connection, and safe against being sent twice.
  const msg = new Message(client, chatId);
  const sent = await msg.sendText(text);
  await msg.react(sent.id, '👍');
  await room.markRead();

  for (const message of room.messages()) console.log(lineOf(message));
  await room.leave();
  client.disconnect();
};

// Only when run as a program, not when imported.
if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
