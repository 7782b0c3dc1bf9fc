import { deserialize, EJSON, serialize } from 'bson';
import type { Document } from 'bson';
import { decode, encode } from './codec.js';
import type { BsonDocument } from './bson-types.js';

/** A document as the server would receive it from the driver. */
export function toBson(document: Document): BsonDocument {
  return decode(serialize(document));
}

/** A document as an application reads it: plain JavaScript numbers. */
export function toPlain(document: BsonDocument): Document {
  return deserialize(encode(document));
}

/** A document as text that shows the type of every number. */
export function toExactText(document: BsonDocument): string {
  const exact = deserialize(encode(document), { promoteValues: false });
  return EJSON.stringify(exact, undefined, undefined, { relaxed: false });
}

/** What an action throws, by code and message. */
export function failureOf(action: () => unknown): { code: number; message: string } | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    const { code, message } = error as { code: number; message: string };
    return { code, message };
  }
}
