import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  calculateObjectSize,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  serialize,
  Timestamp,
} from 'bson';
import { mongoError } from '../errors.js';
import { isDocument, setField } from './bson-types.js';
import type { BsonDocument, BsonValue } from './bson-types.js';

/** The bson package takes an object with this field for one of its own classes. */
const RESERVED_NAME = '_bsontype';

/** MongoDB's limit on nested documents and arrays in a message. */
export const MAX_NESTING_DEPTH = 200;

/** MongoDB's limit for a document to be stored: it keeps twenty levels for what surrounds it. */
const MAX_STORED_DEPTH = 180;

/**
 * Decodes one BSON document. Every value keeps its exact type (an int stays an int, `{$ref, $id}`
 * stays a document), unlike the reader of the `bson` package.
 * @throws MongoError 22 `InvalidBSON` for bytes that are not one well-formed document, 15
 *   `Overflow` for nesting deeper than {@link MAX_NESTING_DEPTH}
 */
export function decode(bytes: Uint8Array): BsonDocument {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = new Reader(buffer);
  const document = reader.readDocument(0);
  if (reader.offset !== buffer.length) throw invalid('bytes after the end of the document');
  return document;
}

/** The largest document that MongoDB lets appear in a result or be a reply: a stored one, and some more. */
const MAX_ENCODED_BYTES = 16 * 1024 * 1024 + 16 * 1024;

/**
 * Encodes a document; fields keep their order and their exact types.
 * @throws MongoError 22 `InvalidBSON` for most fields named `_bsontype`, 10334 `BSONObjectTooLarge` for
 *   more bytes than any document may have
 */
export function encode(document: BsonDocument): Buffer {
  try {
    return serialized(document);
  } catch (error) {
    throw hasReservedName(document) ? reservedName() : error;
  }
}

/**
 * Encodes any object. The bson package writes into a buffer of 17 MB, and what goes beyond it is cut off
 * or fails by an offset: nothing of that may go out.
 * @throws MongoError 10334 `BSONObjectTooLarge`
 */
export function serialized(object: object): Buffer {
  let bytes: Uint8Array | undefined;
  try {
    bytes = serialize(object, { ignoreUndefined: true });
  } catch (error) {
    if (!(error instanceof RangeError) || sizeOf(object) <= MAX_ENCODED_BYTES) throw error;
  }
  if (bytes === undefined || bytes.length > MAX_ENCODED_BYTES) {
    throw mongoError(
      'BSONObjectTooLarge',
      `BSONObj size: ${String(sizeOf(object))} is invalid. Size must be between 0 and ${String(MAX_ENCODED_BYTES)}`,
    );
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const sizeOf = (object: object) => calculateObjectSize(object, { ignoreUndefined: true });

function hasReservedName(value: BsonValue): boolean {
  if (Array.isArray(value)) return value.some(hasReservedName);
  if (typeof value !== 'object' || value === null) return false;
  // In the classes of the bson package it is no field of their own.
  if (Object.hasOwn(value, RESERVED_NAME)) return true;
  return isDocument(value) && Object.values(value).some(hasReservedName);
}

/** The least that a level of nesting takes: type, an empty name, a length and an end. */
const LEVEL_BYTES = 7;

const RESERVED_NAME_BYTES = Buffer.from(`${RESERVED_NAME}\0`);

/**
 * Encodes a document to be kept: an update can make one that could never be read again.
 * @throws MongoError 22 `InvalidBSON` for a field named `_bsontype`, 15 as {@link assertStorableDepth}
 */
export function encodeReadable(document: BsonDocument): Buffer {
  const bytes = encode(document);
  assertStorableDepth(document, bytes);
  if (bytes.includes(RESERVED_NAME_BYTES)) decode(bytes);
  return bytes;
}

/** @throws MongoError 15 `Overflow` for a document nested deeper than one that is stored may be */
export function assertStorableDepth(document: BsonDocument, { length }: Uint8Array): void {
  if (length <= MAX_STORED_DEPTH * LEVEL_BYTES || depthOf(document) <= MAX_STORED_DEPTH) return;
  throw mongoError(
    'Overflow',
    `Document exceeds maximum nesting depth of ${String(MAX_STORED_DEPTH)}`,
  );
}

/** How many levels lie within a value, counted as far as they may go. */
function depthOf(value: unknown, level = 0): number {
  const branch = value instanceof Code ? value.scope : value;
  if (level > MAX_NESTING_DEPTH || !(Array.isArray(branch) || isDocument(branch))) return level;
  let deepest = level;
  for (const inner of Object.values(branch)) {
    if (typeof inner === 'object') deepest = Math.max(deepest, depthOf(inner, level + 1));
  }
  return deepest;
}

const invalid = (what: string) => mongoError('InvalidBSON', `Invalid BSON: ${what}`);

const reservedName = () => invalid(`the field name ${RESERVED_NAME} is reserved`);

/**
 * Throws for a field name that no document here can have.
 * @throws MongoError 22 `InvalidBSON`
 */
export function assertFieldName(name: string): void {
  if (name === RESERVED_NAME) throw reservedName();
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const TWO_POW_32 = 4294967296;

class Reader {
  offset = 0;

  constructor(private readonly buffer: Buffer) {}

  readDocument(depth: number): BsonDocument {
    const document: BsonDocument = {};
    this.readElements(depth, (name, value) => {
      setField(document, name, value);
    });
    return document;
  }

  private readArray(depth: number): BsonValue[] {
    const array: BsonValue[] = [];
    this.readElements(depth, (_name, value) => array.push(value));
    return array;
  }

  private readElements(depth: number, accept: (name: string, value: BsonValue) => void): void {
    if (depth > MAX_NESTING_DEPTH) {
      throw mongoError(
        'Overflow',
        `BSONObj exceeded maximum nested object depth: ${String(MAX_NESTING_DEPTH)}`,
      );
    }
    const start = this.offset;
    const end = start + this.readInt32();
    if (end < start + 5 || end > this.buffer.length) throw invalid('bad document length');
    for (;;) {
      const type = this.readByte();
      if (type === 0) break;
      const name = this.readCString();
      if (name === RESERVED_NAME) throw reservedName();
      accept(name, this.readValue(type, depth));
    }
    if (this.offset !== end) throw invalid('document length does not match its content');
  }

  private readValue(type: number, depth: number): BsonValue {
    switch (type) {
      case 0x01:
        return new Double(this.buffer.readDoubleLE(this.advance(8)));
      case 0x02:
        return this.readString();
      case 0x03:
        return this.readDocument(depth + 1);
      case 0x04:
        return this.readArray(depth + 1);
      case 0x05:
        return this.readBinary();
      case 0x07: {
        const at = this.advance(12);
        return new ObjectId(this.buffer.subarray(at, at + 12));
      }
      case 0x08: {
        const byte = this.readByte();
        if (byte > 1) throw invalid('bad boolean');
        return byte === 1;
      }
      case 0x09: {
        const low = this.buffer.readUInt32LE(this.advance(8));
        const high = this.buffer.readInt32LE(this.offset - 4);
        const date = new Date(high * TWO_POW_32 + low);
        if (Number.isNaN(date.getTime()))
          throw invalid('date outside of the years -271821 to 275760');
        return date;
      }
      case 0x0a:
        return null;
      case 0x0b:
        return this.readRegex();
      case 0x0d:
        return new Code(this.readString());
      case 0x0e:
        return new BSONSymbol(this.readString());
      case 0x0f: {
        this.advance(4);
        const code = this.readString();
        return new Code(code, this.readDocument(depth + 1));
      }
      case 0x10:
        return new Int32(this.readInt32());
      case 0x11:
        return new Timestamp(this.readLong());
      case 0x12:
        return this.readLong();
      case 0x13: {
        const at = this.advance(16);
        return new Decimal128(Buffer.from(this.buffer.subarray(at, at + 16)));
      }
      case 0x7f:
        return new MaxKey();
      case 0xff:
        return new MinKey();
      default:
        throw invalid(`type 0x${type.toString(16)} is not supported`);
    }
  }

  private readRegex(): BSONRegExp {
    const pattern = this.readCString();
    const options = this.readCString();
    if (/[^ilmsux]/.test(options)) throw invalid('bad regular expression options');
    return new BSONRegExp(pattern, options);
  }

  private readBinary(): Binary {
    const length = this.readInt32();
    const subtype = this.readByte();
    if (length < 0) throw invalid('bad binary length');
    const at = this.advance(length);
    // Subtype 2 carries its length a second time.
    const from = subtype === Binary.SUBTYPE_BYTE_ARRAY ? at + 4 : at;
    if (from > at + length) throw invalid('bad binary length');
    return new Binary(Buffer.from(this.buffer.subarray(from, at + length)), subtype);
  }

  private readLong(): Long {
    const at = this.advance(8);
    return new Long(this.buffer.readInt32LE(at), this.buffer.readInt32LE(at + 4));
  }

  private readString(): string {
    const length = this.readInt32();
    if (length < 1) throw invalid('bad string length');
    const at = this.advance(length);
    const end = at + length - 1;
    if (this.buffer[end] !== 0) throw invalid('string without terminator');
    return this.text(at, end);
  }

  private readCString(): string {
    const end = this.buffer.indexOf(0, this.offset);
    if (end < 0) throw invalid('string without terminator');
    const at = this.offset;
    this.offset = end + 1;
    return this.text(at, end);
  }

  private text(at: number, end: number): string {
    const text = this.buffer.toString('utf8', at, end);
    if (!text.includes('\ufffd')) return text;
    try {
      return utf8.decode(this.buffer.subarray(at, end));
    } catch {
      throw invalid('text is not UTF-8');
    }
  }

  private readInt32(): number {
    return this.buffer.readInt32LE(this.advance(4));
  }

  private readByte(): number {
    return this.buffer[this.advance(1)]!;
  }

  /** Moves past `count` bytes and returns where they begin. */
  private advance(count: number): number {
    const at = this.offset;
    if (at + count > this.buffer.length) throw invalid('unexpected end');
    this.offset = at + count;
    return at;
  }
}
