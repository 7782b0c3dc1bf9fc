import { MongoError } from '../errors.js';
import { describeValue } from '../semantics/describe.js';
import type { BsonDocument } from '../semantics/index.js';
import type { IndexSpec } from './index-spec.js';
import { EMPTY_ARRAY } from './key-encoding.js';
import type { IndexedValue } from './key-encoding.js';

/** The error for a key that another document has: code 11000 in MongoDB's words and members. */
export function duplicateKeyError(
  namespace: string,
  spec: IndexSpec,
  values: readonly IndexedValue[],
): MongoError {
  const keyValue: BsonDocument = {};
  for (const [i, name] of Object.keys(spec.key).entries()) {
    const value = values[i];
    keyValue[name] = value === undefined || value === EMPTY_ARRAY ? null : value;
  }
  const shown = Object.entries(keyValue).map(([name, value]) => `${name}: ${describeValue(value)}`);
  return new MongoError(
    11000,
    'DuplicateKey',
    `E11000 duplicate key error collection: ${namespace} index: ${spec.name} dup key: { ${shown.join(', ')} }`,
    { keyPattern: spec.key, keyValue },
  );
}
