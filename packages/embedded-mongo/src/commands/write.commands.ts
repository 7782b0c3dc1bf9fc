import { mongoError } from '../errors.js';
import type { Task } from '../pausing.js';
import { decode, fieldOf } from '../semantics/index.js';
import type { BsonDocument } from '../semantics/index.js';
import { checkQuery } from '../planner/document-query.js';
import { toNumber } from '../storage/index-spec.js';
import { changeCatalog } from './catalog-change.js';
import {
  booleanArgument,
  documentArgument,
  documentList,
  missingField,
  namespaceOf,
} from './command-arguments.js';
import type { Command, CommandRequest, CommandTable } from './command.types.js';
import { deleteDocuments, insertDocument, updateDocuments } from './document-writes.js';
import { findAndModify } from './find-and-modify.command.js';
import { contextOf, hintArgument } from './query-options.js';
import type { Reply } from './reply.js';
import {
  arrayFiltersArgument,
  assertBatchSize,
  assertStatementFields,
  constantsArgument,
  eachStatement,
  inCollection,
  requiredDocument,
  updateArgument,
  WRITE_FIELDS,
} from './write-statements.js';

const insert: Command = {
  fields: ['documents', ...WRITE_FIELDS],
  *run(request): Task<Reply> {
    const { engine } = request;
    const namespace = namespaceOf(request);
    const sent = insertedDocuments(request);
    assertBatchSize(sent.length);
    // Others may drop the collection between two documents: then the next makes it anew.
    const collection = () =>
      engine.catalog.find(namespace) ??
      changeCatalog(engine, () => engine.catalog.create(namespace));
    collection();
    let inserted = 0;
    const writeErrors = yield* eachStatement(request, sent, ({ document, bytes }) => {
      insertDocument(collection(), document ?? decode(bytes!), bytes);
      inserted += 1;
      return undefined;
    });
    return { n: inserted, ...writeErrors };
  },
};

/** Documents sent beside the command stay encoded until their turn. */
function insertedDocuments(
  request: CommandRequest,
): { document?: BsonDocument; bytes: Buffer | undefined }[] {
  const sequence = request.sequences.get('documents');
  if (sequence) return sequence.map((bytes) => ({ bytes }));
  return documentList(request, 'documents').map((document) => ({ document, bytes: undefined }));
}

const UPDATE_STATEMENT_FIELDS = new Set(['q', 'u', 'multi', 'upsert', 'arrayFilters', 'hint', 'c']);

const update: Command = {
  fields: ['updates', 'let', ...WRITE_FIELDS],
  *run(request): Task<Reply> {
    const { engine, budget } = request;
    const namespace = namespaceOf(request);
    const now = engine.now();
    const upserted: Reply[] = [];
    let matched = 0;
    let modified = 0;
    const sent = documentList(request, 'updates');
    assertBatchSize(sent.length);
    // A statement that is malformed fails the whole command, before any other has run.
    const read = readUpdateStatement(request);
    const statements = sent.map(read);
    const writeErrors = yield* eachStatement(
      request,
      statements,
      function* (statement, index): Task<void> {
        const outcome = yield* updateDocuments(
          engine.catalog.find(namespace),
          statement,
          budget,
          inCollection(engine, namespace),
          now,
        );
        matched += outcome.matched;
        modified += outcome.modified;
        if (outcome.upserted) upserted.push({ index, _id: outcome.upserted['_id'] });
      },
    );
    return {
      n: matched + upserted.length,
      ...(upserted.length > 0 ? { upserted } : {}),
      nModified: modified,
      ...writeErrors,
    };
  },
};

function readUpdateStatement(request: CommandRequest) {
  const context = contextOf(request);
  const variables = documentArgument(request.body, 'let');
  return (statement: BsonDocument) => {
    assertStatementFields('update.updates', statement, UPDATE_STATEMENT_FIELDS);
    const isMulti = booleanArgument(statement, 'multi');
    const sent = fieldOf(statement, 'u');
    if (sent === undefined) throw missingField('update.updates.u');
    const change = updateArgument(sent);
    return {
      filter: requiredDocument(statement, 'q', 'update.updates'),
      update: change,
      arrayFilters: arrayFiltersArgument(statement),
      hint: hintArgument(statement),
      isMulti,
      isUpsert: booleanArgument(statement, 'upsert'),
      variables: { ...variables, ...constantsArgument(statement, change) },
      limit: isMulti ? 0 : 1,
      context,
    };
  };
}

const DELETE_STATEMENT_FIELDS = new Set(['q', 'limit', 'hint']);

const deleteCommand: Command = {
  fields: ['deletes', 'let', ...WRITE_FIELDS],
  *run(request): Task<Reply> {
    const { engine, budget } = request;
    const namespace = namespaceOf(request);
    let deleted = 0;
    const sent = documentList(request, 'deletes');
    assertBatchSize(sent.length);
    const statements = sent.map(readDeleteStatement(request));
    const writeErrors = yield* eachStatement(request, statements, function* (shape): Task<void> {
      const collection = engine.catalog.find(namespace);
      if (!collection) {
        checkQuery(shape);
        return;
      }
      const outcome = yield* deleteDocuments(collection, shape, shape.limit === 0, budget);
      deleted += outcome.deleted;
    });
    return { n: deleted, ...writeErrors };
  },
};

function readDeleteStatement(request: CommandRequest) {
  const context = contextOf(request);
  return (statement: BsonDocument) => {
    assertStatementFields('delete.deletes', statement, DELETE_STATEMENT_FIELDS);
    const filter = requiredDocument(statement, 'q', 'delete.deletes');
    const sent = fieldOf(statement, 'limit');
    if (sent === undefined) throw missingField('delete.deletes.limit');
    const limit = toNumber(sent);
    if (limit !== 0 && limit !== 1) {
      throw mongoError(
        'FailedToParse',
        `The limit field in delete objects must be 0 or 1. Got ${String(limit)}`,
      );
    }
    return { filter, hint: hintArgument(statement), limit, context };
  };
}

/** The commands that write documents. */
export const WRITE_COMMANDS: CommandTable = {
  insert,
  update,
  delete: deleteCommand,
  findAndModify,
  findandmodify: findAndModify,
};
