import { Long } from 'bson';
import { mongoError } from '../errors.js';
import { PAUSE } from '../pausing.js';
import type { Pause, Task } from '../pausing.js';
import { encode, fieldOf, isNumeric } from '../semantics/index.js';
import type { BsonValue } from '../semantics/index.js';
import { checkQuery, DocumentQuery } from '../planner/document-query.js';
import type { CollectionStore } from '../storage/collection-store.js';
import { toNumber } from '../storage/index-spec.js';
import {
  booleanArgument,
  countArgument,
  documentArgument,
  missingField,
  namespaceOf,
  stringArgument,
  wrongType,
} from './command-arguments.js';
import type { Command, CommandRequest, CommandTable } from './command.types.js';
import { ResultStream } from './cursor-registry.js';
import { projectorOf } from './projection.js';
import { contextOf, hintArgument } from './query-options.js';
import { cursorReply } from './reply.js';
import type { Reply } from './reply.js';
import { sessionOf } from './session.commands.js';

/** The size of a first batch that the client does not choose. */
export const FIRST_BATCH_SIZE = 101;

const find: Command = {
  fields: [
    'filter',
    'sort',
    'projection',
    'hint',
    'skip',
    'limit',
    'batchSize',
    'singleBatch',
    'allowPartialResults',
    'noCursorTimeout',
    'allowDiskUse',
    'let',
  ],
  refused: ['max', 'min', 'returnKey', 'showRecordId', 'tailable', 'awaitData', 'oplogReplay'],
  run(request) {
    const { body, engine } = request;
    const namespace = namespaceOf(request);
    const query = findQuery(request, engine.catalog.find(namespace));
    return openCursor(request, namespace, query.documents(), {
      batchSize: countArgument(body, 'batchSize') ?? FIRST_BATCH_SIZE,
      isSingleBatch: booleanArgument(body, 'singleBatch'),
      isKept: booleanArgument(body, 'noCursorTimeout'),
      limit: countArgument(body, 'limit') || undefined,
    });
  },
};

/** The query of a `find`; on a collection that does not exist it is checked and finds nothing. */
export function findQuery(
  request: CommandRequest,
  collection: CollectionStore | undefined,
): { query: DocumentQuery | undefined; documents(): Iterable<Uint8Array | Pause> } {
  const { body, budget } = request;
  const filter = documentArgument(body, 'filter') ?? {};
  const sort = documentArgument(body, 'sort');
  const context = contextOf(request);
  const projector = projectorOf(documentArgument(body, 'projection'), filter, context);
  const shape = {
    filter,
    sort,
    skip: countArgument(body, 'skip'),
    limit: countArgument(body, 'limit'),
    hint: hintArgument(body),
    context,
  };
  if (!collection) {
    checkQuery(shape);
    return { query: undefined, documents: () => [] };
  }
  const query = new DocumentQuery(collection, shape, budget);
  return {
    query,
    *documents() {
      for (const found of query.run()) {
        if (found === PAUSE) yield PAUSE;
        else yield projector ? encode(projector(found.document)) : found.bytes;
      }
    },
  };
}

/** How a cursor begins. */
export interface CursorOptions {
  readonly batchSize: number;
  readonly isSingleBatch?: boolean;
  /** Whether the cursor stays open however long nobody asks for more. */
  readonly isKept?: boolean;
  /** The results are known to end after so many. */
  readonly limit?: number | undefined;
}

/** Answers with a first batch and keeps the rest for `getMore`. */
export function* openCursor(
  { body, engine, budget }: CommandRequest,
  namespace: string,
  documents: Iterable<Uint8Array | Pause>,
  { batchSize, isSingleBatch = false, isKept = false, limit }: CursorOptions,
): Task<Buffer> {
  const results = new ResultStream(documents[Symbol.iterator](), limit);
  const batch = yield* results.take(batchSize);
  const session = sessionOf(fieldOf(body, 'lsid'));
  const id =
    batch.isLast || isSingleBatch
      ? 0n
      : engine.cursors.open({ namespace, results, budget, session, isKept });
  return cursorReply('firstBatch', namespace, id, batch.documents);
}

const getMore: Command = {
  fields: ['collection', 'batchSize'],
  refused: ['term', 'lastKnownCommittedOpTime'],
  *run(request): Task<Buffer> {
    const { body, database, engine } = request;
    if (Object.hasOwn(body, 'maxTimeMS')) {
      throw mongoError(
        'BadValue',
        'cannot set maxTimeMS on getMore command for a non-awaitData cursor',
      );
    }
    const collection = stringArgument(body, 'collection');
    if (collection === undefined) throw missingField('getMore.collection');
    const id = cursorId(fieldOf(body, 'getMore'));
    const size = countArgument(body, 'batchSize') ?? 0;
    const namespace = `${database}.${collection}`;
    const batch = yield* engine.cursors.next(
      id,
      namespace,
      size === 0 ? Infinity : size,
      request.budget,
    );
    return cursorReply('nextBatch', namespace, batch.isLast ? 0n : id, batch.documents);
  },
};

const killCursors: Command = {
  fields: ['cursors'],
  run(request) {
    const { body, engine } = request;
    const namespace = namespaceOf(request);
    const cursors = fieldOf(body, 'cursors');
    if (cursors === undefined) throw missingField('killCursors.cursors');
    if (!Array.isArray(cursors)) throw wrongType('cursors', cursors, 'array');
    const cursorsKilled: Long[] = [];
    const cursorsNotFound: Long[] = [];
    for (const cursor of cursors) {
      const id = cursorId(cursor);
      const isKilled = engine.cursors.close(id, namespace);
      (isKilled ? cursorsKilled : cursorsNotFound).push(Long.fromBigInt(id));
    }
    return { cursorsKilled, cursorsNotFound, cursorsAlive: [], cursorsUnknown: [] };
  },
};

function cursorId(value: BsonValue | undefined): bigint {
  if (value instanceof Long) return value.toBigInt();
  if (isNumeric(value)) return BigInt(toNumber(value!));
  throw wrongType('getMore', value ?? null, 'long');
}

const count: Command = {
  fields: ['query', 'limit', 'skip', 'hint', 'fields'],
  *run(request): Task<Reply> {
    const { body, budget, engine } = request;
    const limit = fieldOf(body, 'limit');
    const shape = {
      filter: documentArgument(body, 'query') ?? {},
      skip: countArgument(body, 'skip'),
      limit: limit === undefined ? 0 : Math.abs(countArgument(body, 'limit', -Infinity) ?? 0),
      hint: hintArgument(body),
      context: contextOf(request),
    };
    const collection = engine.catalog.find(namespaceOf(request));
    if (!collection) {
      checkQuery(shape);
      return { n: 0 };
    }
    return { n: yield* new DocumentQuery(collection, shape, budget).count() };
  },
};

/** The commands that read documents. */
export const READ_COMMANDS: CommandTable = { find, getMore, killCursors, count };
