import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deserialize, serialize } from 'bson';
import fc from 'fast-check';
import { crc32c } from '../src/server/crc32c.js';
import { eventually } from '../../../test/support/eventually.js';
import { SEED, runs } from '../../../test/support/seed.js';
import { runDb } from './embedded-db.fixture.js';
import type { RunningDb } from './embedded-db.fixture.js';

const OP_MSG = 2013;
const OP_QUERY = 2004;

/** A message with a right header around any bytes. */
function frame(opcode: number, payload: Uint8Array, length = payload.length + 16): Buffer {
  const header = Buffer.alloc(16);
  header.writeInt32LE(length, 0);
  header.writeInt32LE(7, 4);
  header.writeInt32LE(opcode, 12);
  return Buffer.concat([header, payload]);
}

function flags(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function command(document: object, flagBits = 0): Buffer {
  return frame(
    OP_MSG,
    Buffer.concat([flags(flagBits), Buffer.from([0]), serialize({ ...document, $db: 'test' })]),
  );
}

/** The bytes of documents nested in each other, deeper than MongoDB allows. */
function nestedDocument(depth: number): Buffer {
  let document = Buffer.from([5, 0, 0, 0, 0]);
  for (let i = 0; i < depth; i++) {
    const outer = Buffer.alloc(document.length + 8);
    outer.writeInt32LE(outer.length, 0);
    outer.write('\x03a\0', 4, 'latin1');
    document.copy(outer, 7);
    document = outer;
  }
  return document;
}

describe('the wire protocol of the embedded database', () => {
  let running: RunningDb;
  let socketPath: string;
  beforeAll(async () => {
    running = await runDb();
    socketPath = decodeURIComponent(/mongodb:\/\/(.*)\/parley/.exec(running.embedded.uri)![1]!);
  });
  afterAll(() => running.stop());

  /** Sends bytes and resolves with all that came back when the server hangs up or has answered. */
  async function send(
    bytes: Uint8Array,
    answers = 1,
  ): Promise<{ received: Buffer; ended: boolean }> {
    const socket = net.connect(socketPath);
    const chunks: Buffer[] = [];
    return new Promise((resolve, reject) => {
      const finish = (ended: boolean) => {
        socket.destroy();
        resolve({ received: Buffer.concat(chunks), ended });
      };
      socket.on('data', (chunk) => {
        chunks.push(chunk);
        if (countMessages(Buffer.concat(chunks)) >= answers) finish(false);
      });
      socket.on('close', () => {
        finish(true);
      });
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
      });
      socket.write(bytes);
    });
  }

  function countMessages(bytes: Buffer): number {
    let count = 0;
    for (let at = 0; at + 4 <= bytes.length; at += bytes.readInt32LE(at)) {
      if (at + bytes.readInt32LE(at) <= bytes.length) count += 1;
    }
    return count;
  }

  const isAlive = async () => {
    expect(await running.db.command({ ping: 1 })).toEqual({ ok: 1 });
  };

  it('answers the legacy hello and refuses every other OP_QUERY', async () => {
    const query = (document: object) =>
      frame(
        OP_QUERY,
        Buffer.concat([
          flags(0),
          Buffer.from('admin.$cmd\0'),
          Buffer.alloc(8),
          serialize(document),
        ]),
      );
    const { received } = await send(query({ ismaster: 1, helloOk: true }));
    expect(received.readInt32LE(12)).toBe(1);
    expect(deserialize(received.subarray(36))).toMatchObject({ ismaster: true, helloOk: true });
    const refused = await send(query({ find: 'c' }));
    expect(deserialize(refused.received.subarray(36))).toMatchObject({ ok: 0, code: 352 });
  });

  it('verifies checksums, and honours moreToCome', async () => {
    const summed = command({ ping: 1 }, 1);
    const body = Buffer.concat([summed, Buffer.alloc(4)]);
    body.writeInt32LE(body.length, 0);
    body.writeUInt32LE(crc32c(body.subarray(0, -4)), body.length - 4);
    expect((await send(body)).ended).toBe(false);
    body.writeUInt32LE(1, body.length - 4);
    expect((await send(body)).ended).toBe(true);
    const unanswered = command({ insert: 'w', documents: [{ n: 1 }] }, 2);
    const { received } = await send(Buffer.concat([unanswered, command({ count: 'w' })]));
    expect(deserialize(received.subarray(21))).toMatchObject({ n: 1, ok: 1 });
  });

  it('reads on after more unanswered messages than may wait', async () => {
    const burst = Array.from({ length: 40 }, (_, n) =>
      command({ insert: 'burst', documents: [{ n }] }, 2),
    );
    const socket = net.connect(socketPath);
    const answered = new Promise<Buffer>((resolve) => socket.once('data', resolve));
    socket.write(Buffer.concat(burst));
    // All of it has been read and done when the next message comes.
    await eventually(async () => (await running.db.collection('burst').countDocuments()) === 40);
    socket.write(command({ ping: 1 }));
    expect(deserialize((await answered).subarray(21))).toEqual({ ok: 1 });
    socket.destroy();
  });

  it('reads messages that arrive byte by byte or many at once', async () => {
    const pings = Buffer.concat(Array.from({ length: 200 }, () => command({ ping: 1 })));
    const { received } = await send(pings, 200);
    expect(countMessages(received)).toBe(200);
    const socket = net.connect(socketPath);
    const answered = new Promise<Buffer>((resolve) => socket.once('data', resolve));
    for (const byte of command({ ping: 1 })) socket.write(Buffer.from([byte]));
    expect(deserialize((await answered).subarray(21))).toEqual({ ok: 1 });
    socket.destroy();
  });

  it.each([
    ['a negative length', frame(OP_MSG, Buffer.alloc(8), -1)],
    ['a length below the header', frame(OP_MSG, Buffer.alloc(8), 15)],
    ['a length beyond the limit', frame(OP_MSG, Buffer.alloc(8), 48_000_001)],
    ['an unknown opcode', frame(2012, Buffer.alloc(32))],
    ['no flags', frame(OP_MSG, Buffer.alloc(0))],
    ['an unknown required flag', command({ ping: 1 }, 4)],
    ['an unknown section', frame(OP_MSG, Buffer.concat([flags(0), Buffer.from([9, 5, 0, 0, 0])]))],
    ['a document longer than its message', frame(OP_MSG, Buffer.from('000000000099000000', 'hex'))],
    ['a document of negative length', frame(OP_MSG, Buffer.from('0000000000ffffffff', 'hex'))],
    ['a sequence without an end', frame(OP_MSG, Buffer.from('000000000110000000646f63', 'hex'))],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ])('hangs up on %s and goes on serving others', async (_what, bytes) => {
    expect(await send(bytes)).toEqual({ received: Buffer.alloc(0), ended: true });
    await isAlive();
  });

  it('answers a malformed or too deep command document with an error', async () => {
    for (const document of [nestedDocument(250), Buffer.from('0900000063000000ff00', 'hex')]) {
      const payload = Buffer.concat([flags(0), Buffer.from([0]), document]);
      const { received, ended } = await send(frame(OP_MSG, payload));
      if (!ended) expect(deserialize(received.subarray(21))).toMatchObject({ ok: 0 });
    }
    const veryDeep = nestedDocument(20_000);
    const { received } = await send(
      frame(OP_MSG, Buffer.concat([flags(0), Buffer.from([0]), veryDeep])),
    );
    expect(deserialize(received.subarray(21))).toMatchObject({ ok: 0, code: 15 });
    await isAlive();
  });

  it('survives any bytes in any frame', async () => {
    const valid = command({ find: 'c', filter: { a: { $gt: 1 } }, sort: { a: 1 } });
    const mutated = fc
      .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
      .map((changes) => {
        const bytes = Buffer.from(valid);
        for (const [at, value] of changes) bytes[at] = value;
        bytes.writeInt32LE(bytes.length, 0);
        return bytes;
      });
    const garbage = fc
      .uint8Array({ maxLength: 200 })
      .chain((payload) => fc.constantFrom(OP_MSG, OP_QUERY, 1).map((op) => frame(op, payload)));
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutated, garbage), async (bytes) => {
        // A second, good command shows that the bad one was either answered or ended the connection.
        const { received, ended } = await send(Buffer.concat([bytes, command({ ping: 1 })]));
        expect(ended || received.length > 0).toBe(true);
      }),
      { seed: SEED, numRuns: runs(500) },
    );
    await isAlive();
  });

  it('stops reading a client that does not take its answers', async () => {
    const big = 'x'.repeat(1_000_000);
    await running.db.collection('big').insertMany(Array.from({ length: 15 }, () => ({ big })));
    const resident = async () =>
      (await running.db.admin().serverStatus())['mem'].resident as number;
    const before = await resident();
    const socket = net.connect(socketPath);
    socket.pause();
    const find = command({ find: 'big', singleBatch: true });
    for (let i = 0; i < 200; i++) socket.write(find);
    for (let i = 0; i < 50; i++) await isAlive();
    expect((await resident()) - before).toBeLessThan(500);
    socket.destroy();
  });
});
