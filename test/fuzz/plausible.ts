/** Values that fit a Joi schema well enough to get past it, more often than not. */
import type Joi from 'joi';
import type { Random } from '../support/random.js';
import type { Material } from './hostile.js';

interface Described {
  type?: string;
  flags?: { presence?: string; only?: boolean };
  allow?: unknown[];
  rules?: { name: string; args?: { limit?: unknown } }[];
  keys?: Record<string, Described>;
  items?: Described[];
  matches?: { schema?: Described }[];
}

const WORDS = ['hello', 'Lunch', 'a', '👍', 'image', 'https://images.example.com/cat.jpg', '@all'];

const limitOf = ({ rules = [] }: Described, name: string): number | undefined => {
  const limit = rules.find((rule) => rule.name === name)?.args?.limit;
  return typeof limit === 'number' ? limit : undefined;
};

const make = (schema: Described, random: Random, { ids }: Material, name: string): unknown => {
  const material = { ids, names: [] };
  const allowed = (schema.allow ?? []).filter(
    (value) => typeof value !== 'object' || value === null,
  );
  if (allowed.length > 0 && (schema.flags?.only || random.next() < 0.2))
    return random.pick(allowed);
  switch (schema.type) {
    case 'string':
      if (/id$|ids$|^to$|reply/i.test(name) && ids.length > 0) return random.pick(ids);
      if (/at$|before|after|since|until/i.test(name) && random.next() < 0.5) {
        return new Date(random.between(0, 4e12)).toISOString();
      }
      return random.pick(WORDS);
    case 'number': {
      const low = limitOf(schema, 'min') ?? 0;
      return random.between(low, Math.min(limitOf(schema, 'max') ?? low + 50, low + 1000));
    }
    case 'boolean':
      return random.next() < 0.5;
    case 'date':
      return new Date(random.between(0, 4e12)).toISOString();
    case 'array': {
      const item = schema.items?.[0];
      if (!item) return [];
      const length = random.between(limitOf(schema, 'min') ?? 0, 3);
      return Array.from({ length }, () => make(item, random, material, name));
    }
    case 'alternatives': {
      const options = (schema.matches ?? []).flatMap((match) => match.schema ?? []);
      return options.length > 0 ? make(random.pick(options), random, material, name) : 'a';
    }
    case 'object': {
      const keys = Object.entries(schema.keys ?? {});
      if (keys.length === 0)
        return { [ids.length > 0 ? random.pick(ids) : 'a']: random.between(0, 9) };
      return Object.fromEntries(
        keys
          .filter(([, member]) => member.flags?.presence === 'required' || random.next() < 0.5)
          .map(([key, member]) => [key, make(member, random, material, key)]),
      );
    }
    default:
      return random.pick(WORDS);
  }
};

/** The members of an object schema, by name. */
export const membersOf = (schema: Joi.Schema | undefined): Record<string, Described> =>
  (schema?.describe() as Described | undefined)?.keys ?? {};

/** Every name of a member in a schema, however deep. */
export const namesIn = (members: Record<string, Described>): string[] =>
  Object.entries(members).flatMap(([name, member]) => [
    name,
    ...namesIn(member.keys ?? {}),
    ...(member.items ?? []).flatMap((item) => namesIn(item.keys ?? {})),
  ]);

/** The members of a sample, with some of the optional ones that its schema has besides. */
export const enriched = (
  random: Random,
  material: Material,
  members: Record<string, Described>,
  sample: Record<string, unknown>,
): Record<string, unknown> => {
  const added = Object.entries(members)
    .filter(([name]) => !(name in sample) && random.next() < 0.3)
    .map(([name, member]) => [name, make(member, random, material, name)]);
  return { ...sample, ...Object.fromEntries(added) };
};
