import { describe, expect, it } from '@jest/globals';
import { serialize } from 'bson';
import { crc32c } from './crc32c.js';
import { messageLength, ProtocolViolation, readMessage, writeReply } from './message-frame.js';

function message(...sections: Uint8Array[]): Buffer {
  const payload = Buffer.concat([Buffer.alloc(4), ...sections]);
  const header = Buffer.alloc(16);
  header.writeInt32LE(16 + payload.length, 0);
  header.writeInt32LE(42, 4);
  header.writeInt32LE(2013, 12);
  return Buffer.concat([header, payload]);
}

function body(document: object): Buffer {
  return Buffer.concat([Buffer.from([0]), serialize(document)]);
}

function sequence(name: string, documents: object[]): Buffer {
  const content = Buffer.concat([
    Buffer.from(`${name}\0`),
    ...documents.map((document) => serialize(document)),
  ]);
  const head = Buffer.alloc(5);
  head[0] = 1;
  head.writeInt32LE(content.length + 4, 1);
  return Buffer.concat([head, content]);
}

describe('wire messages', () => {
  it('carry a command and documents beside it, in any order of sections', () => {
    const documents = [{ n: 1 }, { n: 2 }];
    const read = readMessage(message(sequence('documents', documents), body({ insert: 'c' })));
    expect(read).toMatchObject({ requestId: 42, kind: 'message', wantsReply: true });
    expect(read.body).toEqual(Buffer.from(serialize({ insert: 'c' })));
    expect(read.sequences.get('documents')).toEqual(
      documents.map((document) => Buffer.from(serialize(document))),
    );
  });

  it.each([
    ['no command', message(sequence('documents', []))],
    ['two commands', message(body({ a: 1 }), body({ b: 1 }))],
    ['two sequences of one name', message(body({ a: 1 }), sequence('d', []), sequence('d', []))],
    ['bytes after the last section', message(body({ a: 1 }), Buffer.from([7]))],
  ])('must not have %s', (_what, bytes) => {
    expect(() => readMessage(bytes)).toThrow(ProtocolViolation);
  });

  it('say their length first, within limits', () => {
    expect(messageLength(Buffer.from([1, 2, 3]))).toBeUndefined();
    expect(messageLength(Buffer.from([16, 0, 0, 0]))).toBe(16);
    expect(() => messageLength(Buffer.from([15, 0, 0, 0]))).toThrow(ProtocolViolation);
    expect(() => messageLength(Buffer.from([0, 0, 0, 0x80]))).toThrow(ProtocolViolation);
  });

  it('are answered under the number of the request', () => {
    const request = readMessage(message(body({ ping: 1 })));
    const reply = Buffer.concat(writeReply(request, Buffer.from(serialize({ ok: 1 }))));
    expect(reply.readInt32LE(0)).toBe(reply.length);
    expect(reply.readInt32LE(8)).toBe(42);
    expect(readMessage(reply).body).toEqual(Buffer.from(serialize({ ok: 1 })));
  });

  it('are summed with CRC-32C', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  });
});
