import Joi from 'joi';
import { ID_FORM } from './ids.js';

/** What may have an id of somebody else's product. */
export type ExternalKind = 'user' | 'chat';

/** Finds the things that have external ids. */
export interface ExternalIdLookup {
  /**
   * Parley's ids of those that there are, by what stands behind `ext:`.
   *
   * @param texts at most as many as one input may name; they are looked up in one query.
   */
  idsOf(kind: ExternalKind, texts: string[]): Promise<ReadonlyMap<string, string>>;
}

const PREFIX = 'ext:';
/** An external id: code points, as everywhere. */
const EXTERNAL = `${PREFIX}\\P{Cc}{1,128}`;
/** A user's may have the name of an issuer before it. */
const EXTERNAL_OF: Record<ExternalKind, string> = {
  user: `${PREFIX}(?:[\\w-]{0,32}:)?\\P{Cc}{1,128}`,
  chat: EXTERNAL,
};
const FORM = `${ID_FORM}, or ext: with the id in your product`;

/**
 * The ids of other products in one input. Validation notes them; {@link resolve} looks all of them up, in one query
 * for each kind; a second validation of the same input puts Parley's ids in their place. An input without any costs
 * nothing.
 */
export class ExternalIds {
  private noted: Map<ExternalKind, Map<string, string | undefined>> | undefined;

  /** Whether the input has named none. */
  get isEmpty(): boolean {
    return this.noted === undefined;
  }

  /** Parley's id for `ext:…`; the same text before {@link resolve}. */
  idOf(kind: ExternalKind, value: string): string {
    const texts = this.textsOf(kind);
    const text = value.slice(PREFIX.length);
    const id = texts.get(text);
    if (id === undefined) texts.set(text, undefined);
    return id ?? value;
  }

  /** Looks up what has been noted. What nobody has becomes an id that nobody has, a different one for each. */
  async resolve(lookup: ExternalIdLookup): Promise<void> {
    let unknown = 0;
    const kinds = [...(this.noted ?? [])].map(async ([kind, texts]) => {
      const found = await lookup.idsOf(kind, [...texts.keys()]);
      for (const text of texts.keys())
        texts.set(text, found.get(text) ?? nobodysId((unknown += 1)));
    });
    await Promise.all(kinds);
  }

  private textsOf(kind: ExternalKind): Map<string, string | undefined> {
    this.noted ??= new Map();
    const texts = this.noted.get(kind) ?? new Map<string, string | undefined>();
    this.noted.set(kind, texts);
    return texts;
  }
}

const isExternal = (value: string): boolean => value.startsWith(PREFIX);

/** Ids of the database begin with the time; so one of the first second of 1970 is never made. */
const nobodysId = (number: number): string => number.toString(16).padStart(24, '0');

/** @throws where the input is validated without a look-up: Joi refuses the value then. */
const replaced = (kind: ExternalKind, value: string, { prefs }: Joi.CustomHelpers): string => {
  if (!isExternal(value)) return value.toLowerCase();
  const { externalIds } = (prefs.context ?? {}) as { externalIds?: ExternalIds };
  if (!externalIds) throw new Error('No external ids are looked up here');
  return externalIds.idOf(kind, value);
};

const schemaOf = (kind: ExternalKind): Joi.StringSchema =>
  Joi.string()
    .pattern(new RegExp(`^(?:[0-9a-fA-F]{24}|${EXTERNAL_OF[kind]})$`, 'u'), FORM)
    .custom((value: string, helpers) => replaced(kind, value, helpers))
    .meta({ externalId: kind })
    .example('665f1c2e9b1e8a3d4c5b6a79');

/** A user's id in an input: Parley's, or `ext:<externalId>`. */
export const userIdSchema = schemaOf('user');

/** A chat's id in an input: Parley's, or `ext:<externalId>`. */
export const chatIdSchema = schemaOf('chat');

/** A name that stands where an external id of a chat may stand too. */
export const chatIdOr = (nameSchema: Joi.StringSchema): Joi.AlternativesSchema<string> =>
  Joi.alternatives<string>().conditional(Joi.string().pattern(new RegExp(`^${EXTERNAL}$`, 'u')), {
    then: chatIdSchema,
    otherwise: nameSchema,
  });

const CHAT_KEY = new RegExp(`^(?:[0-9a-f]{24}|${EXTERNAL})$`, 'u');

/**
 * An object by chat ids, which may be external. A chat that is named twice has the last value.
 *
 * @param valueSchema what stands under each id.
 */
export const byChatId = (valueSchema: Joi.Schema): Joi.ObjectSchema =>
  Joi.object()
    .pattern(CHAT_KEY, valueSchema)
    .custom((value: Record<string, unknown>, helpers) =>
      Object.keys(value).some(isExternal)
        ? Object.fromEntries(
            Object.entries(value).map(([key, member]) => [replaced('chat', key, helpers), member]),
          )
        : value,
    )
    .meta({ externalId: 'chat' });

/**
 * How an input has called the chats that it has named by external ids, by Parley's id; undefined when it has named
 * none so. An answer about chats that are not the caller's must call them the same.
 */
export const givenNames = (
  byId: Record<string, unknown>,
  helpers: Joi.CustomHelpers,
): ReadonlyMap<string, string> | undefined => {
  const names = Object.keys(byId).filter(isExternal);
  if (names.length === 0) return undefined;
  return new Map(names.map((name) => [replaced('chat', name, helpers), name]));
};
