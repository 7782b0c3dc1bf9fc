import { isDeepStrictEqual } from 'node:util';
import type Joi from 'joi';
import type { JsonSchema } from '../http/json-schema.js';
import { toJsonSchema } from '../http/json-schema.js';
import type { AnyCommand } from './command.js';
import type { DialectName } from './dialect.js';
import { DIALECTS } from './dialect.js';
import { helloSchema } from './handshake.js';
import type { Rendering } from './rendering.js';
import type { ServerEvent } from './server-event.js';

/** The tables that make the protocol of the sockets. */
export interface ProtocolTables {
  commands: AnyCommand[];
  serverEvents: ServerEvent[];
  /** Which domain events the dialects tell of; as `RenderingTable` has them. */
  renderings: { dialect: DialectName; renderings: object }[];
  /** What a refusal says: the type `ErrorBody`. */
  errorBody: Joi.Schema;
}

/** A command; `payload` and `answer` are names of types. */
export interface DescribedCommand {
  event: string;
  summary: string;
  payload: string;
  answer: string;
  confirms: string | undefined;
  isForAdmins: boolean;
}

/** An event; `payload` is the name of a type, `after` are the domain events that it tells of. */
export interface DescribedEvent {
  event: string;
  description: string;
  audience: string;
  payload: string;
  example: unknown;
  after: string[];
}

/** Commands and events of one dialect, in the order of the tables. */
export interface DescribedDialect {
  name: DialectName;
  commands: DescribedCommand[];
  events: DescribedEvent[];
}

/** The protocol of the sockets as data: what the documents and the generated types are made of. */
export interface ProtocolModel {
  dialects: DescribedDialect[];
  /** Types by name, which refer to each other as `#/components/schemas/<name>`. */
  schemas: Record<string, JsonSchema>;
}

const REFERENCE = '#/components/schemas/';

/** `send_message` → `SendMessage`; names of other dialects than the native one begin with the dialect's. */
const typeName = (dialect: DialectName, event: string): string =>
  [...(dialect === 'native' ? [] : [dialect]), ...event.split(/[^A-Za-z0-9]+/)]
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** Collects the types under their names, which must mean the same wherever they occur. */
class Types {
  readonly schemas: Record<string, JsonSchema> = {};

  /** Adds a type; a schema with a name of its own gets `name` as a second one. Answers `name`. */
  add(name: string, schema: Joi.Schema, mode: 'input' | 'output'): string {
    const converted = toJsonSchema(schema, mode);
    for (const [id, named] of Object.entries(converted.named)) this.keep(id, named);
    if (converted.schema.$ref !== `${REFERENCE}${name}`) this.keep(name, converted.schema);
    return name;
  }

  /** The name that a schema has itself; else it is added as `name`. */
  named(name: string, schema: Joi.Schema, mode: 'input' | 'output'): string {
    const id = (schema.describe().flags as { id?: string } | undefined)?.id;
    return this.add(id ?? name, schema, mode);
  }

  private keep(name: string, schema: JsonSchema): void {
    const known = this.schemas[name];
    if (known && !isDeepStrictEqual(known, schema)) {
      throw new Error(`Two different types of the protocol have the name '${name}'`);
    }
    this.schemas[name] = schema;
  }
}

/**
 * Describes the protocol from the very tables that take commands and send events.
 *
 * @throws {Error} when a dialect emits an event that its table does not have, or two different types share a name.
 */
export const createProtocolModel = (tables: ProtocolTables): ProtocolModel => {
  const types = new Types();
  types.add('Handshake', helloSchema, 'input');
  types.add('ErrorBody', tables.errorBody, 'output');
  const dialects = DIALECTS.map((name) => ({
    name,
    commands: commandsOf(name, tables, types),
    events: eventsOf(name, tables, types),
  }));
  for (const dialect of dialects) assertComplete(dialect, tables);
  return { dialects, schemas: types.schemas };
};

/** The dialect's own commands, and those that every client may send. */
const commandsOf = (
  dialect: DialectName,
  { commands }: ProtocolTables,
  types: Types,
): DescribedCommand[] =>
  commands
    .filter((command) => command.dialect === dialect || command.isShared)
    .map(({ dialect: own, event, summary, schema, answer, confirms, auth }) => {
      const name = typeName(own, event);
      return {
        event,
        summary,
        payload: types.add(`${name}Payload`, schema, 'input'),
        answer: types.named(`${name}Answer`, answer, 'output'),
        confirms,
        isForAdmins: auth === 'admin',
      };
    });

const eventsOf = (
  dialect: DialectName,
  { serverEvents, renderings }: ProtocolTables,
  types: Types,
): DescribedEvent[] =>
  serverEvents
    .filter((event) => event.dialect === dialect)
    .map(({ event, description, audience, payload, example, type }) => ({
      event,
      description,
      audience,
      payload: types.add(type ?? typeName(dialect, event), payload, 'output'),
      example,
      after: emittersOf(dialect, renderings)
        .filter(({ emits }) => emits.includes(event))
        .map(({ domainEvent }) => domainEvent),
    }));

const emittersOf = (dialect: DialectName, tables: ProtocolTables['renderings']) =>
  tables
    .filter((table) => table.dialect === dialect)
    .flatMap(({ renderings }) =>
      Object.entries<Pick<Rendering<never>, 'emits'>>(
        renderings as Record<string, Rendering<never>>,
      ).map(([domainEvent, { emits }]) => ({
        domainEvent,
        emits,
      })),
    );

const assertComplete = (
  { name, commands, events }: DescribedDialect,
  { renderings }: ProtocolTables,
): void => {
  const known = new Set(events.map(({ event }) => event));
  const emitted = [
    ...emittersOf(name, renderings).flatMap(({ emits }) => emits),
    ...commands.flatMap(({ confirms }) => confirms ?? []),
  ];
  const unknown = emitted.filter((event) => !known.has(event));
  if (unknown.length > 0) {
    throw new Error(`Events without a schema in the dialect ${name}: ${unknown.join(', ')}`);
  }
};
