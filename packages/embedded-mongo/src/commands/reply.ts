import { calculateObjectSize, Long } from 'bson';
import { asMongoError, MongoError } from '../errors.js';
import { serialized } from '../semantics/index.js';

/** A reply in the making: whole numbers become ints, other values keep their type. */
export type Reply = Record<string, unknown>;

/**
 * Encodes a reply; numbers that fit an int are one, as MongoDB's counters are.
 * @throws MongoError 10334 for a reply that no message could carry
 */
export function encodeReply(reply: Reply): Buffer {
  return serialized(reply);
}

/** The reply of a command that failed. */
export function errorReply(error: unknown): Buffer {
  const { code, codeName, message, extra } = tellableError(error);
  return encodeReply({ ok: 0, errmsg: message, code, codeName, ...extra });
}

/** Values stand in messages and in `keyValue`, and may have megabytes: so many of each are told. */
const MAX_TOLD = 32_768;

/** Any error as one with a code that fits a reply; what is not MongoDB's own is an internal error. */
export function tellableError(error: unknown): MongoError {
  const { code, codeName, message, extra } = asMongoError(error);
  return new MongoError(
    code,
    codeName,
    message.length > MAX_TOLD ? `${message.slice(0, MAX_TOLD)}…` : message,
    calculateObjectSize(extra) > MAX_TOLD ? {} : extra,
  );
}

/**
 * A cursor reply. The documents go in as they are stored, without being decoded and encoded again.
 * @param batchName `firstBatch` or `nextBatch`
 * @param cursorId 0 when the cursor has ended
 */
export function cursorReply(
  batchName: 'firstBatch' | 'nextBatch',
  namespace: string,
  cursorId: bigint,
  documents: readonly Uint8Array[],
): Buffer {
  const rest = encodeReply({ id: Long.fromBigInt(cursorId), ns: namespace });
  const cursor = [element(0x04, batchName, rawArray(documents)), rest.subarray(4, -1)];
  return rawDocument([
    element(0x03, 'cursor', rawDocument(cursor)),
    encodeReply({ ok: 1 }).subarray(4, -1),
  ]);
}

function rawArray(documents: readonly Uint8Array[]): Buffer {
  return rawDocument(
    documents.map((document, i) => Buffer.concat([elementHead(0x03, String(i)), document])),
  );
}

function element(type: number, name: string, value: Buffer): Buffer {
  return Buffer.concat([elementHead(type, name), value]);
}

function elementHead(type: number, name: string): Buffer {
  return Buffer.concat([Buffer.from([type]), Buffer.from(name, 'latin1'), Buffer.from([0])]);
}

function rawDocument(elements: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(elements);
  const document = Buffer.allocUnsafe(body.length + 5);
  document.writeInt32LE(document.length, 0);
  body.copy(document, 4);
  document[document.length - 1] = 0;
  return document;
}
