import { mongoError } from '../errors.js';
import type { Task } from '../pausing.js';
import { fieldOf } from '../semantics/index.js';
import type { BsonDocument } from '../semantics/index.js';
import { booleanArgument, documentArgument, namespaceOf } from './command-arguments.js';
import type { Command, CommandRequest } from './command.types.js';
import { deleteDocuments, updateDocuments } from './document-writes.js';
import { projectorOf } from './projection.js';
import { contextOf, hintArgument } from './query-options.js';
import type { Reply } from './reply.js';
import { arrayFiltersArgument, inCollection, updateArgument } from './write-statements.js';

/** Changes or removes one document and answers with it, as it was or as it has become. */
export const findAndModify: Command = {
  fields: [
    'query',
    'sort',
    'remove',
    'update',
    'new',
    'fields',
    'upsert',
    'bypassDocumentValidation',
    'arrayFilters',
    'hint',
    'let',
  ],
  run(request) {
    return runFindAndModify(request);
  },
};

function* runFindAndModify(request: CommandRequest): Task<Reply> {
  const { body, engine, budget } = request;
  const namespace = namespaceOf(request);
  const collection = engine.catalog.find(namespace);
  const isRemove = booleanArgument(body, 'remove');
  const isNew = booleanArgument(body, 'new');
  const isUpsert = booleanArgument(body, 'upsert');
  const shape = {
    filter: documentArgument(body, 'query') ?? {},
    sort: documentArgument(body, 'sort'),
    hint: hintArgument(body),
    limit: 1,
    context: contextOf(request),
  };
  const projector = projectorOf(documentArgument(body, 'fields'), shape.filter, shape.context);
  const project = (document: BsonDocument) => projector?.(document) ?? document;
  if (isRemove) {
    if (Object.hasOwn(body, 'update') || isUpsert || isNew) {
      throw mongoError(
        'FailedToParse',
        `Cannot specify both ${isUpsert ? 'upsert' : isNew ? 'new' : 'an update'} and remove=true`,
      );
    }
    const removed = collection && (yield* deleteDocuments(collection, shape, false, budget)).first;
    return {
      lastErrorObject: { n: removed ? 1 : 0 },
      value: removed ? project(removed) : null,
    };
  }
  const sent = fieldOf(body, 'update');
  if (sent === undefined) {
    throw mongoError('FailedToParse', 'Either an update or remove=true must be specified');
  }
  const statement = {
    ...shape,
    update: updateArgument(sent),
    arrayFilters: arrayFiltersArgument(body),
    variables: documentArgument(body, 'let'),
    isMulti: false,
    isUpsert,
  };
  const outcome = yield* updateDocuments(
    collection,
    statement,
    budget,
    inCollection(engine, namespace),
    engine.now(),
  );
  if (outcome.upserted) {
    return {
      lastErrorObject: { n: 1, updatedExisting: false, upserted: outcome.upserted['_id'] },
      value: isNew ? project(outcome.upserted) : null,
    };
  }
  const chosen = isNew ? outcome.after : outcome.before;
  return {
    lastErrorObject: { n: outcome.matched, updatedExisting: outcome.matched > 0 },
    value: chosen ? project(chosen) : null,
  };
}
