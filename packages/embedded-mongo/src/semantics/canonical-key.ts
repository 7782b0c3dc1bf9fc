import type { Binary, BSONRegExp, Code, Timestamp } from 'bson';
import { isNumeric } from './bson-types.js';
import type { BsonDocument, BsonNumber, BsonValue, MaybeValue } from './bson-types.js';
import { bsonTypeOf } from './bson-types.js';
import { decimalFromDouble, unpackDecimal } from './decimal.js';
import type { Decimal } from './decimal.js';
import { exactInt64, toDouble } from './numbers.js';

/** A text that two values share exactly when `equalsBson` takes them for equal; for hash maps. */
export function canonicalKey(value: MaybeValue): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return JSON.stringify(value);
  if (isNumeric(value)) return `n${canonicalNumber(value)}`;
  const type = bsonTypeOf(value);
  switch (type) {
    case 'symbol':
      return JSON.stringify((value as { value: string }).value);
    case 'array':
      return `[${(value as BsonValue[]).map(canonicalKey).join()}]`;
    case 'object': {
      const document = value as BsonDocument;
      const fields = Object.keys(document).map(
        (name) => `${JSON.stringify(name)}:${canonicalKey(document[name])}`,
      );
      return `{${fields.join()}}`;
    }
    case 'binData': {
      const binary = value as Binary;
      return `b${String(binary.sub_type)}:${Buffer.from(binary.value()).toString('base64')}`;
    }
    case 'date':
      return `d${String((value as Date).getTime())}`;
    case 'timestamp':
      return `t${(value as Timestamp).toBigInt().toString()}`;
    case 'regex': {
      const regex = value as BSONRegExp;
      return `/${JSON.stringify(regex.pattern)}/${regex.options}`;
    }
    case 'javascript':
    case 'javascriptWithScope': {
      const { code, scope } = value as Code;
      const shownScope = scope ? canonicalKey(scope as BsonDocument) : '';
      return `c${JSON.stringify(code)}${shownScope}`;
    }
    default:
      return `${type}${type === 'objectId' || type === 'bool' ? String(value) : ''}`;
  }
}

function canonicalNumber(value: BsonNumber): string {
  const integer = exactInt64(value);
  if (integer !== undefined) return integer.toString();
  return canonicalDecimal(
    value._bsontype === 'Decimal128'
      ? unpackDecimal(value as never)
      : decimalFromDouble(toDouble(value)),
  );
}

function canonicalDecimal(value: Decimal): string {
  if (typeof value === 'string') return value;
  if (value.coefficient === 0n) return '0';
  let { coefficient, exponent } = value;
  while (coefficient % 10n === 0n) {
    coefficient /= 10n;
    exponent += 1;
  }
  return `${value.negative ? '-' : ''}${coefficient.toString()}e${String(exponent)}`;
}
