/** The example for JavaScript: run as a program against a real node, and imported as others would. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import type { TestServer } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';

const run = promisify(execFile);
const root = process.cwd();

describe('docs/CHAT_CLIENT_EXAMPLE.js', () => {
  let server: TestServer;
  let folder: string;
  let example: string;
  beforeAll(async () => {
    server = await startServer();
    folder = await mkdtemp(join(root, 'node_modules/.example-'));
    example = join(folder, 'example.mjs');
    // The example imports the built client; here it gets the one that the sources are now.
    await build({
      entryPoints: [join(root, 'docs/CHAT_CLIENT_EXAMPLE.js')],
      outfile: example,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      logLevel: 'silent',
      plugins: [
        {
          name: 'current-client',
          setup: ({ onResolve }) => {
            onResolve({ filter: /^@parley-chat\/client$/ }, () => ({
              path: join(root, 'packages/client/src/index.ts'),
            }));
          },
        },
      ],
    });
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
    await server.close();
  });

  it('sends a message, shows the chat, and ends', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const { stdout } = await run(
      process.execPath,
      [example, server.url, alice.token, chatId, 'Hi!'],
      {
        timeout: 20_000,
      },
    );
    expect(stdout).toContain(`1. ${alice.username}: Hi! [sent]`);
    const log = await server.http.get(`/api/chats/${chatId}/messages`).set(bob.auth).expect(200);
    expect(log.body.data).toMatchObject([{ content: 'Hi!', reactions: [{ emoji: '👍' }] }]);
  });

  it('says what is wrong, with an exit code', async () => {
    await expect(run(process.execPath, [example], { timeout: 20_000 })).rejects.toMatchObject({
      code: 2,
    });
    const args = [example, server.url, 'no token', '665f1c2e9b1e8a3d4c5b6a79', 'Hi!'];
    await expect(run(process.execPath, args, { timeout: 20_000 })).rejects.toMatchObject({
      code: 1,
    });
  });

  it('does what the sample in the documentation does with it', async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const sample = `
import { ChatClient, ChatRoom, Message } from './CHAT_CLIENT_EXAMPLE.js';

const client = new ChatClient('http://localhost:8000', token);
await client.connect();

const room = new ChatRoom(client, chatId);
await room.join();

const msg = new Message(client, chatId);
await msg.sendText('Hello!');
`;
    const script = sample
      .replace("'./CHAT_CLIENT_EXAMPLE.js'", JSON.stringify(example))
      .replace('http://localhost:8000', server.url);
    const variables = `const token = '${alice.token}'; const chatId = '${chatId}';`;
    const program = `${variables} ${script} client.disconnect();`;
    await run(process.execPath, ['--input-type=module', '-e', program], { timeout: 20_000 });
    const log = await server.http.get(`/api/chats/${chatId}/messages`).set(bob.auth).expect(200);
    expect(log.body.data).toMatchObject([{ content: 'Hello!', senderId: alice.id }]);
  });
});
