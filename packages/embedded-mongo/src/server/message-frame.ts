import { crc32c } from './crc32c.js';

/** The largest message either side may send, in bytes; `hello` says so. */
export const MAX_MESSAGE_BYTES = 48_000_000;

const HEADER_BYTES = 16;
const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;

const FLAG_CHECKSUM = 1;
const FLAG_MORE_TO_COME = 2;
/** Flags in the lower half that a receiver does not know oblige it to hang up. */
const UNKNOWN_REQUIRED_FLAGS = 0xffff & ~(FLAG_CHECKSUM | FLAG_MORE_TO_COME);

/** A message that breaks the wire protocol: there is nothing to answer, the connection ends. */
export class ProtocolViolation extends Error {}

/** One request, cut into its BSON documents but not decoded. */
export interface RequestMessage {
  readonly requestId: number;
  /** `query` is the old form, in which drivers say their first hello. */
  readonly kind: 'message' | 'query';
  /** The command document. */
  readonly body: Buffer;
  /** The documents that travel beside the command, by the field they belong to. */
  readonly sequences: ReadonlyMap<string, readonly Buffer[]>;
  /** The database, in a `query`; a `message` has it in `$db`. */
  readonly database?: string;
  /** False when the client does not wait for an answer. */
  readonly wantsReply: boolean;
}

/**
 * The length of the message that a buffer begins with.
 * @returns `undefined` while the length has not arrived
 */
export function messageLength(buf: Buffer): number | undefined {
  if (buf.length < 4) return undefined;
  const length = buf.readInt32LE(0);
  if (length < HEADER_BYTES || length > MAX_MESSAGE_BYTES) {
    throw new ProtocolViolation(`message length ${String(length)} is out of range`);
  }
  return length;
}

/** Reads one whole message. */
export function readMessage(buf: Buffer): RequestMessage {
  const requestId = buf.readInt32LE(4);
  const opcode = buf.readInt32LE(12);
  switch (opcode) {
    case OP_MSG:
      return readOpMsg(buf, requestId);
    case OP_QUERY:
      return readOpQuery(buf, requestId);
    default:
      throw new ProtocolViolation(`opcode ${String(opcode)} is not supported`);
  }
}

function readOpMsg(buf: Buffer, requestId: number): RequestMessage {
  if (buf.length < HEADER_BYTES + 4) throw new ProtocolViolation('message without flags');
  const flags = buf.readUInt32LE(HEADER_BYTES);
  if ((flags & UNKNOWN_REQUIRED_FLAGS) !== 0) throw new ProtocolViolation('unknown required flag');
  let end = buf.length;
  if ((flags & FLAG_CHECKSUM) !== 0) {
    end -= 4;
    if (end < HEADER_BYTES + 4 || buf.readUInt32LE(end) !== crc32c(buf.subarray(0, end))) {
      throw new ProtocolViolation('checksum does not match');
    }
  }
  const reader = new SectionReader(buf, HEADER_BYTES + 4, end);
  let body: Buffer | undefined;
  const sequences = new Map<string, readonly Buffer[]>();
  while (!reader.isAtEnd) {
    const kind = reader.byte();
    if (kind === 0) {
      if (body) throw new ProtocolViolation('two command documents');
      body = reader.document();
    } else if (kind === 1) {
      const { name, documents } = reader.sequence();
      if (sequences.has(name)) throw new ProtocolViolation('two sequences of one name');
      sequences.set(name, documents);
    } else {
      throw new ProtocolViolation(`unknown section kind ${String(kind)}`);
    }
  }
  if (!body) throw new ProtocolViolation('message without a command document');
  const wantsReply = (flags & FLAG_MORE_TO_COME) === 0;
  return { requestId, kind: 'message', body, sequences, wantsReply };
}

function readOpQuery(buf: Buffer, requestId: number): RequestMessage {
  const reader = new SectionReader(buf, HEADER_BYTES + 4, buf.length);
  const [database = ''] = reader.cstring().split('.');
  reader.skip(8);
  const body = reader.document();
  return { requestId, kind: 'query', body, sequences: new Map(), database, wantsReply: true };
}

class SectionReader {
  constructor(
    private readonly buf: Buffer,
    private position: number,
    private readonly end: number,
  ) {}

  get isAtEnd(): boolean {
    return this.position >= this.end;
  }

  byte(): number {
    this.require(1);
    return this.buf[this.position++]!;
  }

  skip(count: number): void {
    this.require(count);
    this.position += count;
  }

  cstring(): string {
    const at = this.buf.indexOf(0, this.position);
    if (at < 0 || at >= this.end) throw new ProtocolViolation('unterminated name');
    const text = this.buf.toString('utf8', this.position, at);
    this.position = at + 1;
    return text;
  }

  document(): Buffer {
    this.require(5);
    const length = this.buf.readInt32LE(this.position);
    if (length < 5) throw new ProtocolViolation('document shorter than five bytes');
    this.require(length);
    const document = this.buf.subarray(this.position, this.position + length);
    this.position += length;
    return document;
  }

  sequence(): { name: string; documents: Buffer[] } {
    this.require(4);
    const length = this.buf.readInt32LE(this.position);
    if (length < 5) throw new ProtocolViolation('sequence too short');
    this.require(length);
    const section = new SectionReader(this.buf, this.position + 4, this.position + length);
    const name = section.cstring();
    const documents: Buffer[] = [];
    while (!section.isAtEnd) documents.push(section.document());
    this.position += length;
    return { name, documents };
  }

  private require(count: number): void {
    if (this.position + count > this.end) throw new ProtocolViolation('message is truncated');
  }
}

/** Replies below this many bytes are copied behind their header. */
const SMALL_BYTES = 4096;

let lastReplyId = 0;

/** Wraps a reply document for the request that it answers, in the form of the request. */
export function writeReply(request: RequestMessage, document: Buffer): Buffer[] {
  const isMessage = request.kind === 'message';
  const prefix = Buffer.alloc(isMessage ? HEADER_BYTES + 5 : HEADER_BYTES + 20);
  lastReplyId = (lastReplyId + 1) | 0;
  prefix.writeInt32LE(prefix.length + document.length, 0);
  prefix.writeInt32LE(lastReplyId, 4);
  prefix.writeInt32LE(request.requestId, 8);
  prefix.writeInt32LE(isMessage ? OP_MSG : OP_REPLY, 12);
  // The old reply: flag "await capable", no cursor, starting from 0, one document.
  if (!isMessage) {
    prefix.writeInt32LE(8, HEADER_BYTES);
    prefix.writeInt32LE(1, HEADER_BYTES + 16);
  }
  // One small write costs less than the gathering of two.
  return document.length < SMALL_BYTES ? [Buffer.concat([prefix, document])] : [prefix, document];
}
