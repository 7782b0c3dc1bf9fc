import { isDeepStrictEqual } from 'node:util';
import type Joi from 'joi';

const COMPONENTS = '#/components/schemas/';

/** A JSON Schema (2020-12) object. */
export type JsonSchema = Record<string, unknown>;

/** A schema, and the named schemas it refers to as `#/components/schemas/<name>`. */
export interface ConvertedSchema {
  schema: JsonSchema;
  named: Record<string, JsonSchema>;
}

/** The part of `describe()` that Joi's own JSON Schema leaves out. */
interface Described {
  flags?: { id?: string; presence?: string; unknown?: boolean };
  examples?: unknown[];
  keys?: Record<string, Described>;
  items?: Described[];
  matches?: { schema?: Described }[];
  rules?: { name: string; args?: { regex?: string } }[];
  dependencies?: { rel: string; peers?: string[]; key?: string }[];
}

/**
 * Translates a Joi schema. `input` describes what a client may send, `output` what it receives (where
 * a member with a default is always there).
 *
 * Joi does the translation; added are examples, rules between members and `null` in enumerations,
 * removed are forbidden members and patterns whose flags JSON Schema cannot express. Schemas with an
 * `id` become named ones.
 *
 * @throws when two different schemas have the same id.
 */
export const toJsonSchema = (schema: Joi.Schema, mode: 'input' | 'output'): ConvertedSchema => {
  const converted = schema['~standard'].jsonSchema[mode]({ target: 'draft-2020-12' });
  const { $defs = {}, ...root } = repair(structuredClone(converted)) as JsonSchema & {
    $defs?: Record<string, JsonSchema>;
  };
  const amendment = new Amendment();
  const amended = amendment.apply(root, schema.describe() as Described);
  const named = amendment.named;
  for (const name of linksIn([amended, named])) named[name] ??= $defs[name] ?? {};
  return { schema: amended, named };
};

/** Adds to translated schemas what only Joi's descriptions tell, and takes the named ones out. */
class Amendment {
  readonly named: Record<string, JsonSchema> = {};

  apply(schema: JsonSchema, described: Described): JsonSchema {
    if (described.examples) schema.examples = described.examples;
    if (described.rules?.some(isFlaggedPattern)) delete schema.pattern;
    if (typeof schema.pattern === 'string') schema.pattern = plainPattern(schema.pattern);
    const rules = (described.dependencies ?? []).map(ruleBetweenMembers);
    if (rules.length > 0) schema.allOf = rules;
    this.applyToMembers(schema, described);
    this.applyToItems(schema, described);
    takeInOnlyBranch(schema);
    return described.flags?.id ? this.byName(described.flags.id, schema) : schema;
  }

  private applyToMembers(schema: JsonSchema, described: Described): void {
    if (!isObject(schema.properties)) return;
    // Some tools take what is not listed as not allowed, unless it is said.
    if (described.flags?.unknown) schema.additionalProperties = true;
    const members = described.keys ?? {};
    schema.properties = Object.fromEntries(
      Object.entries(schema.properties as Record<string, JsonSchema>)
        .filter(([key]) => members[key]?.flags?.presence !== 'forbidden')
        .map(([key, member]) => [key, this.apply(member, members[key] ?? {})]),
    );
  }

  private applyToItems(schema: JsonSchema, described: Described): void {
    const [item, ...others] = described.items ?? [];
    if (item && others.length === 0 && isObject(schema.items)) {
      schema.items = this.apply(schema.items, item);
    }
    const choices = (described.matches ?? []).flatMap(({ schema: choice }) => choice ?? []);
    const branches = schema.anyOf as JsonSchema[] | undefined;
    if (branches && choices.length === branches.length) {
      schema.anyOf = branches.map((branch, index) => this.apply(branch, choices[index]!));
    }
  }

  /** Refers to the schema; that it may be null, or is described here, belongs to the place of use. */
  private byName(name: string, { description, ...schema }: JsonSchema): JsonSchema {
    const isNullable = Array.isArray(schema.type) && schema.type.includes('null');
    const definition = isNullable ? { ...schema, type: 'object' } : schema;
    const known = this.named[name];
    if (known && !isDeepStrictEqual(known, definition)) {
      throw new Error(`Two different schemas have the id '${name}'`);
    }
    this.named[name] = definition;
    const reference = { $ref: `${COMPONENTS}${name}` };
    return {
      ...(isNullable ? { anyOf: [reference, { type: 'null' }] } : reference),
      ...(description !== undefined && { description }),
    };
  }
}

/** A choice of one schema is that schema. */
const takeInOnlyBranch = (schema: JsonSchema): void => {
  const { anyOf } = schema;
  if (!Array.isArray(anyOf) || anyOf.length !== 1) return;
  delete schema.anyOf;
  Object.assign(schema, { ...(anyOf[0] as JsonSchema), ...schema });
};

/** Names of the components that are referred to. */
const linksIn = (node: unknown): string[] => {
  if (Array.isArray(node)) return node.flatMap(linksIn);
  if (!isObject(node)) return [];
  const link = typeof node.$ref === 'string' ? [node.$ref.slice(COMPONENTS.length)] : [];
  return [...link, ...Object.values(node).flatMap(linksIn)];
};

/** JSON Schema patterns have no flags; one that ignores case would be documented too narrowly. */
const isFlaggedPattern = ({ name, args }: { name: string; args?: { regex?: string } }): boolean =>
  name === 'pattern' && /\/[a-z]*i[a-z]*$/.test(args?.regex ?? '');

/** Control characters by their codes: some tools read patterns without the flag `u`, and know no `\P{Cc}`. */
const plainPattern = (pattern: string): string =>
  pattern.replaceAll('\\P{Cc}', '[^\\u0000-\\u001f\\u007f-\\u009f]');

const ruleBetweenMembers = ({
  rel,
  peers = [],
  key = '',
}: {
  rel: string;
  peers?: string[];
  key?: string;
}): JsonSchema => {
  const each = peers.map((peer) => ({ required: [peer] }));
  switch (rel) {
    case 'or':
      return { anyOf: each };
    case 'xor':
      return { oneOf: each };
    case 'oxor':
      return { oneOf: [...each, { not: { anyOf: each } }] };
    case 'and':
      return { anyOf: [{ required: peers }, { not: { anyOf: each } }] };
    case 'nand':
      return { not: { required: peers } };
    case 'with':
      return { dependentRequired: { [key]: peers } };
    case 'without':
      return { anyOf: [{ not: { required: [key] } }, { not: { anyOf: each } }] };
    default:
      throw new Error(`Joi rule '${rel}' between members has no JSON Schema translation here`);
  }
};

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Puts `null` into enumerations that allow it, and points references to the shared components. */
const repair = (node: unknown): unknown => {
  if (Array.isArray(node)) return node.map(repair);
  if (!isObject(node)) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, repair(value)]));
  if (Array.isArray(copy.enum) && Array.isArray(copy.type) && copy.type.includes('null')) {
    if (!copy.enum.includes(null)) copy.enum = [...(copy.enum as unknown[]), null];
  }
  if (typeof copy.$ref === 'string') {
    copy.$ref = copy.$ref.replace('#/$defs/', COMPONENTS);
  }
  return copy;
};
