import { locationError } from '../errors.js';
import { PAUSE } from '../pausing.js';
import type { Task } from '../pausing.js';
import { compareBson, parsePath } from '../semantics/index.js';
import type { BsonValue } from '../semantics/index.js';
import { checkQuery, DocumentQuery } from '../planner/document-query.js';
import { documentKeys } from '../storage/index-keys.js';
import { EMPTY_ARRAY } from '../storage/key-encoding.js';
import {
  documentArgument,
  missingField,
  namespaceOf,
  stringArgument,
} from './command-arguments.js';
import type { Command, CommandTable } from './command.types.js';
import { MAX_DOCUMENT_BYTES } from './document-writes.js';
import { contextOf, hintArgument } from './query-options.js';
import type { Reply } from './reply.js';

const distinct: Command = {
  fields: ['key', 'query', 'hint'],
  *run(request): Task<Reply> {
    const { body, budget, engine } = request;
    const key = stringArgument(body, 'key');
    if (key === undefined) throw missingField('distinct.key');
    const shape = {
      filter: documentArgument(body, 'query') ?? {},
      hint: hintArgument(body),
      context: contextOf(request),
    };
    const collection = engine.catalog.find(namespaceOf(request));
    if (!collection) {
      checkQuery(shape);
      return { values: [] };
    }
    const fields = [{ path: parsePath(key), isDescending: false }];
    // Equal values have equal keys, whatever their numeric type; the first one met is answered.
    const values = new Map<string, BsonValue>();
    let size = 0;
    const query = new DocumentQuery(collection, shape, budget);
    for (const found of query.run()) {
      if (found === PAUSE) {
        yield PAUSE;
        continue;
      }
      // MongoDB takes the elements of one array in their order as values.
      const keys = [...documentKeys(found.document, fields, false).keys].sort((left, right) =>
        left.bytes.compare(right.bytes),
      );
      for (const { bytes, values: tuple } of keys) {
        const [value] = tuple;
        const identity = bytes.toString('latin1');
        if (value === undefined || value === EMPTY_ARRAY || values.has(identity)) continue;
        values.set(identity, value);
        size += bytes.length;
        if (size > MAX_DOCUMENT_BYTES) throw locationError(17217, 'distinct too big, 16mb cap');
      }
    }
    const answered = [...values.values()];
    const direction = indexOrder(query, key);
    if (direction !== 0) {
      answered.sort((left, right) => compareBson(left, right) * direction);
    }
    return { values: answered };
  },
};

/**
 * The order in which an index gives the values of a field: 1, -1, or 0 without one. MongoDB reads them from
 * the index that the filter uses and, without a filter, from any that begins with the field.
 */
function indexOrder({ collection, plan }: DocumentQuery, key: string): -1 | 0 | 1 {
  const isFree = plan.stage === 'COLLSCAN' && plan.isComplete;
  const usable = isFree ? collection.indexes : plan.stage === 'IXSCAN' ? [plan.index] : [];
  const index = usable.find(
    ({ spec }) =>
      spec.fields[0]!.path.join('.') === key && !(isFree && (spec.isSparse || spec.filed)),
  );
  if (!index) return 0;
  return index.spec.fields[0]!.isDescending ? -1 : 1;
}

/** The distinct command. */
export const DISTINCT_COMMANDS: CommandTable = { distinct };
