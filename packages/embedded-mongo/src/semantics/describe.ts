import type { BSONRegExp, Decimal128, Double, Int32, Long, ObjectId } from 'bson';
import { bsonTypeOf } from './bson-types.js';
import type { BsonDocument, BsonValue, MaybeValue } from './bson-types.js';

/** A value as MongoDB prints it in its error messages. */
export function describeValue(value: MaybeValue): string {
  if (value === undefined) return 'missing';
  switch (bsonTypeOf(value)) {
    case 'string':
      return `"${value as string}"`;
    case 'int':
      return String((value as Int32).value);
    case 'double': {
      const number = (value as Double).value;
      return Number.isInteger(number) ? number.toFixed(1) : String(number);
    }
    case 'long':
      return (value as Long).toString();
    case 'decimal':
      return (value as Decimal128).toString();
    case 'objectId':
      return `ObjectId('${(value as ObjectId).toHexString()}')`;
    case 'date':
      return `new Date(${String((value as Date).getTime())})`;
    case 'regex': {
      const regex = value as BSONRegExp;
      return `/${regex.pattern}/${regex.options}`;
    }
    case 'array':
      return describeList('[', (value as BsonValue[]).map(describeValue), ']');
    case 'object':
      return describeDocument(value as BsonDocument);
    case 'null':
    case 'bool':
      return String(value as boolean | null);
    case 'minKey':
      return 'MinKey';
    case 'maxKey':
      return 'MaxKey';
    default:
      return bsonTypeOf(value);
  }
}

/** A document as MongoDB prints it in its error messages. */
export function describeDocument(document: BsonDocument): string {
  const fields = Object.keys(document).map((name) => `${name}: ${describeValue(document[name])}`);
  return describeList('{', fields, '}');
}

function describeList(open: string, items: readonly string[], close: string): string {
  return items.length === 0 ? `${open}${close}` : `${open} ${items.join(', ')} ${close}`;
}
