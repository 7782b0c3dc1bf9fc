import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { guardArrivals } from './arrival-guard.js';

const LIMITS = { tickMs: 20, bodyMs: 300, bytesPerSecond: 10_000, graceMs: 200 };
const JSON_TYPE = 'application/json';
const FORM_TYPE = 'multipart/form-data; boundary=x';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Answers when the whole body is there. */
const readAll: RequestListener = (req, res) => {
  req.resume().once('end', () => res.end('all'));
};

/** Starts a server and sends a request whose body comes in pieces. */
const send = async (
  { type, pieces, everyMs }: { type: string; pieces: number[]; everyMs: number },
  listener: RequestListener = readAll,
) => {
  server = createServer(listener);
  guardArrivals(server, LIMITS);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  const length = pieces.reduce((sum, size) => sum + size, 0);
  socket.write(
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`,
  );
  const startedAt = performance.now();
  let answer = '';
  socket.on('data', (data) => (answer += data.toString()));
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const whole = new Promise<void>((resolve) => {
    socket.on('data', () => {
      if (answer.includes('all')) resolve();
    });
  });
  for (const size of pieces) {
    if (socket.destroyed) break;
    socket.write(Buffer.alloc(size, 97));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  await Promise.race([closed, whole]);
  socket.destroy();
  return { answer, ms: performance.now() - startedAt };
};
const cut = expect.stringMatching(/^HTTP\/1\.1 408 [^]*"code":"BODY_TIMEOUT"/);

describe('a body', () => {
  it.each([
    ['of JSON that trickles', { type: JSON_TYPE, pieces: Array<number>(200).fill(1), everyMs: 20 }],
    ['of JSON that stops', { type: JSON_TYPE, pieces: [50, 0, 1], everyMs: 1500 }],
    [
      'of text that trickles fast enough for a form',
      { type: 'text/plain', pieces: Array<number>(100).fill(400), everyMs: 20 },
    ],
    [
      'that says nothing of its type',
      { type: '', pieces: Array<number>(200).fill(1), everyMs: 20 },
    ],
    [
      'of a form that trickles',
      { type: FORM_TYPE, pieces: Array<number>(200).fill(10), everyMs: 20 },
    ],
    ['of a form that stops', { type: FORM_TYPE, pieces: [5000, 0, 1], everyMs: 1500 }],
    [
      'of a form that begins fast and then trickles',
      { type: FORM_TYPE, pieces: [1_000_000, ...Array<number>(200).fill(1)], everyMs: 20 },
    ],
  ])('%s is cut off, and told why', async (_what, body) => {
    const { answer } = await send(body);
    expect(answer).toEqual(cut);
  });

  it.each([
    ['of JSON that is there at once', { type: JSON_TYPE, pieces: [250_000], everyMs: 0 }],
    ['of JSON in a few pieces', { type: JSON_TYPE, pieces: [1, 1, 1], everyMs: 20 }],
    [
      'of a form on a slow line, long after other bodies are cut',
      { type: FORM_TYPE, pieces: Array<number>(40).fill(2000), everyMs: 20 },
    ],
    [
      'of a form that stalls for a moment',
      { type: FORM_TYPE, pieces: [5000, 1, 5000], everyMs: 60 },
    ],
    [
      'of a form of many megabytes',
      { type: FORM_TYPE, pieces: Array<number>(50).fill(400_000), everyMs: 1 },
    ],
  ])('%s is read to its end', async (_what, body) => {
    const { answer } = await send(body);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('that nobody reads yet is not blamed for it, however long that takes', async () => {
    const { answer, ms } = await send(
      { type: FORM_TYPE, pieces: [2_000_000], everyMs: 0 },
      (req, res) => {
        setTimeout(() => {
          readAll(req, res);
        }, 800);
      },
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(ms).toBeGreaterThan(790);
  });

  it('that goes on trickling after its refusal loses the connection', async () => {
    const body = { type: JSON_TYPE, pieces: Array<number>(200).fill(1), everyMs: 20 };
    const { answer, ms } = await send(body, (_req, res) => {
      res.writeHead(401).end('no');
    });
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(ms).toBeLessThan(3000);
  });
});
