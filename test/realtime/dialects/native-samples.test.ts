/**
 * The samples of the two native documents as they stand there: the text of each is run, with the host,
 * the token and the ids put in, and nothing else changed.
 */
import { execFile } from 'node:child_process';
import { openAsBlob } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import type { Socket } from 'socket.io-client';
import { io as connectTo } from 'socket.io-client';
import { eventually } from '../../support/eventually.js';
import type { TestServer, TestUser } from '../../support/server.js';
import { openDirectChat, registerUser, startServer } from '../../support/server.js';

const CONNECT = `
const socket = io('http://localhost:8000', {
  auth: { token: 'JWT_TOKEN' }
});

socket.emit('join_chat', { chatId: 'chat123' });
`;

const SEND_TEXT = `
socket.emit('send_message', {
  chatId: 'chat123',
  content: 'Hello!'
});
`;

const SEND_MEDIA = `
// First upload file
const formData = new FormData();
formData.append('file', fileInput.files[0]);
formData.append('chatId', 'chat123');

const response = await fetch('/api/media/upload-chat-media', {
  method: 'POST',
  headers: { 'Authorization': \`Bearer \${token}\` },
  body: formData
});

const media = await response.json();

// Then send media message
socket.emit('send_media', {
  chatId: 'chat123',
  messageType: media.data.messageType,
  media: media.data
});
`;

const LISTEN = `
socket.on('message_received', (data) => {
  console.log(\`New message from \${data.senderId}: \${data.content}\`);
});

socket.on('user_typing', (data) => {
  console.log(\`\${data.userId} is typing...\`);
});

socket.on('messages_read', (data) => {
  console.log(\`Messages read by \${data.readBy}\`);
});
`;

const CREATE_CHAT = `
curl -X POST http://localhost:8000/api/chats/or-create \\
  -H "Authorization: Bearer TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"recipientId":"user123"}'
`;

const UPLOAD_FILE = `
curl -X POST http://localhost:8000/api/media/upload-chat-media \\
  -H "Authorization: Bearer TOKEN" \\
  -F "file=@image.jpg" \\
  -F "chatId=chatId123"
`;

/** The document leaves the address unquoted, which no shell takes as one word; quotes are added. */
const GET_MESSAGES = `
curl "http://localhost:8000/api/chats/chatId123/messages?limit=50&page=1" \\
  -H "Authorization: Bearer TOKEN"
`;

let server: TestServer;
let alice: TestUser;
let bob: TestUser;
let chatId: string;
let folder: string;
beforeAll(async () => {
  server = await startServer();
  folder = await mkdtemp(join(tmpdir(), 'parley-samples-'));
  const image = sharp({ create: { width: 8, height: 8, channels: 3, background: '#c33' } });
  await writeFile(join(folder, 'image.jpg'), await image.jpeg().toBuffer());
});
const sockets: Socket[] = [];
beforeEach(async () => {
  ({ alice, bob, chatId } = await openDirectChat(server));
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** What a page has that runs the samples: its library, its variables, its console. */
interface Page {
  socket?: Socket;
  lines: string[];
  run(sample: string): Promise<void>;
}

const pageOf = (user: TestUser): Page => {
  const lines: string[] = [];
  const globals: Record<string, unknown> = {
    io: (url: string, options: object) => {
      const socket = connectTo(url, { ...options, forceNew: true });
      sockets.push(socket);
      return socket;
    },
    token: user.token,
    FormData,
    fetch: (path: string, init: RequestInit) => fetch(`${server.url}${path}`, init),
    fileInput: {},
    console: { log: (line: string) => lines.push(line) },
  };
  return {
    lines,
    run: async (sample) => {
      const text = sample
        .replace('http://localhost:8000', server.url)
        .replace('JWT_TOKEN', user.token)
        .replaceAll('chat123', chatId)
        // A variable of the page outlives the block that declares it.
        .replace('const socket =', 'globalThis.socket =');
      globals.fileInput = { files: [await openAsBlob(join(folder, 'image.jpg'))] };
      await runInNewContext(`(async () => {${text}})()`, globals);
    },
    get socket() {
      return globals.socket as Socket;
    },
  };
};

describe('JavaScript', () => {
  it('connect, join, listen and send: each sees what the other does', async () => {
    const [mine, theirs] = [pageOf(alice), pageOf(bob)];
    for (const page of [mine, theirs]) {
      await page.run(CONNECT);
      await new Promise((resolve) => page.socket!.once('join_chat_success', resolve));
      await page.run(LISTEN);
    }
    await mine.run(SEND_TEXT);
    await eventually(() => theirs.lines.includes(`New message from ${alice.id}: Hello!`));
    theirs.socket!.emit('typing', { chatId });
    await eventually(() => mine.lines.includes(`${bob.id} is typing...`));
    theirs.socket!.emit('mark_as_read', { chatId });
    await eventually(() => mine.lines.includes(`Messages read by ${bob.id}`));
    expect(theirs.lines.filter((line) => line.startsWith('New message'))).toHaveLength(1);
  });

  it('upload a file and send the answer as media', async () => {
    const [mine, theirs] = [pageOf(alice), pageOf(bob)];
    for (const page of [mine, theirs]) {
      await page.run(CONNECT);
      await new Promise((resolve) => page.socket!.once('join_chat_success', resolve));
    }
    const received = new Promise<Record<string, unknown>>((resolve) =>
      theirs.socket!.once('media_received', resolve),
    );
    await mine.run(SEND_MEDIA);
    expect(await received).toMatchObject({
      chatId,
      senderId: alice.id,
      messageType: 'image',
      media: [{ type: 'image', mimeType: 'image/jpeg', width: 8, height: 8 }],
    });
  });
});

describe('curl', () => {
  /** Runs a command as the documents have it, in a folder with the file that it names. */
  const run = async (command: string, ids: Record<string, string>) => {
    const text = Object.entries({ 'http://localhost:8000': server.url, ...ids }).reduce(
      (whole, [from, to]) => whole.replaceAll(from, to),
      command,
    );
    const env = { PATH: process.env.PATH };
    const { stdout } = await promisify(execFile)('bash', ['-c', text], { cwd: folder, env });
    return JSON.parse(stdout) as { success: boolean; data: unknown; pagination?: object };
  };

  it('create a chat, which waits for the other one', async () => {
    const carol = await registerUser(server);
    const answer = await run(CREATE_CHAT, { TOKEN: carol.token, user123: bob.id });
    expect(answer).toMatchObject({ success: true, data: { kind: 'direct', status: 'pending' } });
    const again = await run(CREATE_CHAT.replace('user123', 'userId123'), {
      TOKEN: carol.token,
      userId123: bob.id,
    });
    expect(again.data).toMatchObject({ id: (answer.data as { id: string }).id });
  });

  it('upload a file', async () => {
    expect(await run(UPLOAD_FILE, { TOKEN: alice.token, chatId123: chatId })).toMatchObject({
      success: true,
      data: { messageType: 'image', filename: 'image.jpg', mimeType: 'image/jpeg' },
    });
  });

  it('get messages', async () => {
    await server.http
      .post('/api/messages')
      .set(alice.auth)
      .send({ chatId, content: 'Hello!' })
      .expect(201);
    expect(await run(GET_MESSAGES, { TOKEN: bob.token, chatId123: chatId })).toMatchObject({
      success: true,
      data: [{ content: 'Hello!' }],
      pagination: { page: 1, limit: 50, total: 1, hasMore: false },
    });
  });
});
