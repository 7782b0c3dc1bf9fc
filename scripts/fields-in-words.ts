import type Joi from 'joi';
import { ID_FORM } from '../src/shared/ids.js';
import type { AnyRoute } from '../src/transport/http/route.js';

interface Described {
  type: string;
  flags?: { presence?: string; default?: unknown; only?: boolean; result?: string };
  allow?: unknown[];
  rules?: { name: string; args?: { limit?: number; options?: { name?: string } } }[];
  keys?: Record<string, Described>;
  items?: Described[];
  matches?: { schema?: Described }[];
}

/** A field's type in words: `text of 1–200`, `integer ≥ 1`, `list of id`. */
const typeOf = (field: Described): string => {
  const { type, flags = {}, allow = [], rules = [], items = [] } = field;
  const words = allow.filter((value) => typeof value === 'string' && value !== '');
  if (flags.only && words.length > 0) return words.join(', ');
  const limit = (name: string) => rules.find((rule) => rule.name === name)?.args?.limit;
  const [min, max] = [limit('min'), limit('max')];
  const range = min !== undefined && max !== undefined ? ` ${min}–${max}` : '';
  if (type === 'string') {
    if (rules.some(({ args }) => args?.options?.name === ID_FORM)) return 'id';
    return `text${range || (max === undefined ? '' : ` up to ${max}`)}`;
  }
  if (type === 'number') return `number${range || (min === undefined ? '' : ` ≥ ${min}`)}`;
  if (type === 'array') return `list of ${items.map(typeOf).join(' or ') || 'anything'}`;
  if (type === 'alternatives') return 'one of several forms';
  return type;
};

/** The members of an object schema, as `name (type, default)`. */
export const fieldsOf = (schema: Joi.Schema | undefined): string[] => {
  const described = schema?.describe() as Described | undefined;
  const objects = [described, ...(described?.matches ?? []).map((match) => match.schema)];
  const keys = objects.find((object) => object?.keys)?.keys ?? {};
  return Object.entries(keys)
    .filter(([, field]) => field.flags?.result !== 'strip')
    .map(([name, field]) => {
      const { presence, default: value } = field.flags ?? {};
      const facts = [typeOf(field)];
      if (presence === 'required') facts.push('required');
      if (value !== undefined && typeof value !== 'object') facts.push(`default ${String(value)}`);
      return `\`${name}\` (${facts.join('; ')})`;
    });
};

/** What a route takes: a line for each of path, query, body and files. */
export const inputsOf = (route: AnyRoute): string[] => {
  const parts = [
    ['path', fieldsOf(route.params)],
    ['query', fieldsOf(route.query)],
    ['body', fieldsOf(route.body)],
    [
      'files',
      Object.entries(route.files ?? {}).map(([name, { multiple }]) =>
        multiple ? `\`${name}\` (several)` : `\`${name}\``,
      ),
    ],
  ] as const;
  return parts
    .filter(([, fields]) => fields.length > 0)
    .map(([place, fields]) => `**${place}**: ${fields.join(', ')}`);
};
