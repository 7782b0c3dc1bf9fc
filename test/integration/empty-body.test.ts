/** What counts as a request's body is told by its framing, byte by byte as clients send it. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';

let server: TestServer;
let alice: TestUser;
let chatId: string;
beforeAll(async () => {
  server = await startServer();
  ({ alice, chatId } = await openDirectChat(server));
});
afterAll(async () => {
  await server.close();
});

/** Sends exactly these headers and this body; answers the status and the code. */
const send = async (requestLine: string, headers: string[], body = '') => {
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  const head = [
    `${requestLine} HTTP/1.1`,
    'Host: parley',
    'Connection: close',
    `Authorization: Bearer ${alice.token}`,
    ...headers,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  const answer = await text(socket);
  const code = (
    JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)) as {
      code?: string;
    }
  ).code;
  return [Number(answer.split(' ')[1]), code];
};

const JSON_TYPE = 'Content-Type: application/json';

describe('a request without a body', () => {
  it.each([
    ['POST', '/block', [200, undefined]],
    ['PATCH', '/settings', [400, 'VALIDATION']],
    ['DELETE', '', [200, undefined]],
  ])('is no wrong type of one, whatever type it names: %s …%s', async (method, path, expected) => {
    const line = `${method} /api/chats/${chatId}${path}`;
    expect(await send(line, [JSON_TYPE])).toEqual(expected);
    expect(await send(line, [JSON_TYPE, 'Content-Length: 0'])).toEqual(expected);
    expect(await send(line, ['Transfer-Encoding: chunked'], '0\r\n\r\n')).toEqual(expected);
  });
});

describe('a body that nothing reads', () => {
  it.each([
    ['of another type', ['Content-Type: text/plain', 'Content-Length: 2'], 'hi'],
    ['without a type', ['Content-Length: 2'], '{}'],
    [
      'in pieces',
      ['Content-Type: text/plain', 'Transfer-Encoding: chunked'],
      '2\r\nhi\r\n0\r\n\r\n',
    ],
  ])('is refused: one %s', async (_what, headers, body) => {
    const answer = await send(`POST /api/chats/${chatId}/block`, headers, body);
    expect(answer).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });
});
