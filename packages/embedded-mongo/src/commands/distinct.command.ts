import { locationError } from '../errors.js';
import { parsePath } from '../semantics/index.js';
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

const distinct: Command = {
  fields: ['key', 'query', 'hint'],
  run(request) {
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
    for (const { document } of new DocumentQuery(collection, shape, budget).run()) {
      for (const { bytes, values: tuple } of documentKeys(document, fields, false).keys) {
        const [value] = tuple;
        const identity = bytes.toString('latin1');
        if (value === undefined || value === EMPTY_ARRAY || values.has(identity)) continue;
        values.set(identity, value);
        size += bytes.length;
        if (size > MAX_DOCUMENT_BYTES) throw locationError(17217, 'distinct too big, 16mb cap');
      }
    }
    return { values: [...values.values()] };
  },
};

/** The distinct command. */
export const DISTINCT_COMMANDS: CommandTable = { distinct };
