/**
 * Holds what test sockets hear against the schemas of the protocol: every event, every ack, every refused handshake.
 * What does not fit is kept, and fails the test in which it was heard (`setup.ts`).
 */
import type Joi from 'joi';
import { createApi } from '../../src/api/index.js';
import type { UseCases } from '../../src/api/index.js';
import { errorBodySchema } from '../../src/api/shared/event.schemas.js';
import { groupBy } from '../../src/shared/group-by.js';
import { metadataIndexesOf } from '../../src/shared/metadata.js';
import { noteViolation } from './violations.js';

/** The plain values among the use cases that the tables look at when they are made. */
const VALUES: Record<string, unknown> = {
  maxLength: 10_000,
  passwordMinLength: 6,
  maxSize: 1,
  metadataIndexes: metadataIndexesOf([]),
};
/** Use cases that nobody calls: the tables only close over them. */
const unused: unknown = new Proxy(() => undefined, {
  get: (_target, name) => VALUES[name as string] ?? unused,
});

const { commands, serverEvents } = createApi(unused as UseCases);
const eventsByName = groupBy(serverEvents, ({ event }) => event);
const commandsByName = groupBy(commands, ({ event }) => event);

/** What is wrong with a value; undefined when nothing is. */
const problemWith = (schema: Joi.Schema, value: unknown, allowUnknown = false) =>
  schema.validate(value, { convert: false, abortEarly: false, allowUnknown }).error?.message;

interface Described {
  keys?: Record<string, unknown>;
  matches?: { schema?: Described }[];
}

const membersOf = ({ keys = {}, matches = [] }: Described): string[] => [
  ...Object.keys(keys),
  ...matches.flatMap(({ schema }) => (schema ? membersOf(schema) : [])),
];

/** Whether a payload has the members of several dialects, as devices get it that hear these. */
const isMerged = (schemas: Joi.Schema[], payload: unknown): boolean => {
  const known = new Set(schemas.flatMap((schema) => membersOf(schema.describe() as Described)));
  return (
    schemas.length > 1 &&
    schemas.every((schema) => problemWith(schema, payload, true) === undefined) &&
    Object.keys(payload as object).every((member) => known.has(member))
  );
};

const problemInEvent = (event: string, payload: unknown, dialect: string | undefined) => {
  const candidates = (eventsByName.get(event) ?? []).filter(
    (candidate) => dialect === undefined || candidate.dialect === dialect,
  );
  if (candidates.length === 0) return 'it is not in the table of events';
  const schemas = candidates.map((candidate) => candidate.payload);
  const problems = schemas.map((schema) => problemWith(schema, payload));
  if (problems.includes(undefined) || isMerged(schemas, payload)) return undefined;
  return problems.join('; ');
};

/** Notes an event that does not fit; `dialect` is the only one that the device hears, if it is known. */
export const checkEvent = (event: string, payload: unknown, dialect: string | undefined): void => {
  const problem = problemInEvent(event, payload, dialect);
  if (problem !== undefined) {
    noteViolation(`event ${event} does not fit: ${problem}\n${JSON.stringify(payload)}`);
  }
};

const problemInAck = (command: string, { ok, ...rest }: { ok?: unknown }) => {
  const [[name, value] = [], ...others] = Object.entries(rest);
  if (others.length > 0) return 'it has more than ok, data or error';
  if (ok === false && name === 'error') return problemWith(errorBodySchema, value);
  if (ok !== true || name !== 'data')
    return 'it is neither {ok: true, data} nor {ok: false, error}';
  const problems = (commandsByName.get(command) ?? []).map(({ answer }) =>
    problemWith(answer, value),
  );
  return problems.includes(undefined) ? undefined : `no answer fits: ${problems.join('; ')}`;
};

/** Notes an ack that does not fit. */
export const checkAck = (command: string, ack: unknown): void => {
  const problem = problemInAck(command, ack as object);
  if (problem !== undefined) {
    noteViolation(`ack of ${command} does not fit: ${problem}\n${JSON.stringify(ack)}`);
  }
};

/** Notes a handshake that was refused without saying why in the form of the protocol. */
export const checkRefusal = (error: Error & { data?: unknown }): void => {
  const problem = error.data === undefined ? undefined : problemWith(errorBodySchema, error.data);
  if (problem !== undefined) noteViolation(`refused handshake does not fit: ${problem}`);
};
