import Joi from 'joi';
import { EMOJI_SOURCE } from './emoji.js';
import { isVisible, lengthOf, VISIBLE } from './text.js';

/** Joi counts UTF-16 units, in which an emoji has two: these rules count code points, as everybody else does. */
interface CountedSchema extends Joi.StringSchema {
  minCharacters(limit: number): this;
  maxCharacters(limit: number): this;
}

const counted = (bound: 'min' | 'max', isWithin: (length: number, limit: number) => boolean) => ({
  method(this: Joi.Schema, limit: number) {
    return this.$_addRule({ name: `${bound}Characters`, args: { limit } });
  },
  args: ['limit'],
  validate(value: string, helpers: Joi.CustomHelpers, { limit }: Record<string, unknown>) {
    return isWithin(lengthOf(value), limit as number)
      ? value
      : helpers.error(`string.${bound}`, { limit });
  },
  jsonSchema(rule: { args: { limit: number } }, schema: Record<string, unknown>) {
    schema[`${bound}Length`] = rule.args.limit;
    return schema;
  },
});

const counting = Joi.extend({
  type: 'string',
  base: Joi.string(),
  rules: {
    minCharacters: counted('min', (length, limit) => length >= limit),
    maxCharacters: counted('max', (length, limit) => length <= limit),
  },
}) as { string: () => CountedSchema };

/** Any text, whose length can be bounded in code points. */
export const countedText = (): CountedSchema => counting.string();

/** Any text of at most `maxLength` code points. */
export const text = (maxLength: number): CountedSchema => countedText().maxCharacters(maxLength);

/** A text of at most `maxLength` code points that shows something. */
export const visibleText = (maxLength: number): CountedSchema =>
  text(maxLength).pattern(VISIBLE, 'something that can be seen');

const BLANK = Joi.string()
  .allow('')
  .custom((value: string, helpers) => (isVisible(value) ? helpers.error('any.invalid') : value));

/**
 * A text beside other things, such as the caption of a picture: one that shows nothing counts as absent.
 * At most `maxLength` code points.
 */
export const textOrNothing = (maxLength: number): Joi.StringSchema =>
  visibleText(maxLength).empty(BLANK);

/** From the beginning to the end of a text that shows nothing. */
const ALL_BLANK = new RegExp(`^(?:(?!${VISIBLE.source})[^])+$`, 'u');

/** A text that may be taken away: what shows nothing becomes ''. Trimmed; at most `maxLength` code points. */
export const removableText = (maxLength: number): Joi.StringSchema =>
  text(maxLength).trim().replace(ALL_BLANK, '').allow('');

const EMOJI = new RegExp(EMOJI_SOURCE, 'gu');
/**
 * Joiners between letters of scripts that need them, marks for the direction beside letters that are read from right
 * to left, and the chosen variant of a Han or Mongolian letter.
 */
const SHAPING =
  /(?<=(?![\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Han}\p{Script=Hangul}])[\p{L}\p{M}])[\u200C\u200D](?=[\p{L}\p{M}])|(?<=\p{Script=Han})[\uFE00-\uFE0F\u{E0100}-\u{E01EF}]|(?<=\p{Script=Mongolian})[\u180B-\u180D\u180F]|(?<=[\p{Script=Hebrew}\p{Script=Arabic}])[\u200E\u200F\u061C]|[\u200E\u200F\u061C](?=[\p{Script=Hebrew}\p{Script=Arabic}])/gu;
/**
 * What nobody sees in a name, and what changes the text around it: controls, line ends, marks for the direction,
 * fillers and other characters of no width, and a mark that would go onto the character before the name.
 */
const UNFIT_IN_NAME =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFC\u2800\u{1D159}]|^\p{M}/u;

/** Whether a text may stand as a name in the middle of other people's lists and sentences. */
const isNameLike = (value: string): boolean =>
  isVisible(value) && !UNFIT_IN_NAME.test(value.replace(EMOJI, '').replace(SHAPING, ''));

/**
 * A name of somebody or something: one line of at most `maxLength` code points that shows something and hides
 * nothing. Stored in NFC, without white space around it, and with one plain space where there is more.
 */
export const nameText = (maxLength: number): Joi.StringSchema =>
  text(maxLength)
    .trim()
    .normalize('NFC')
    .replace(/\p{Zs}+/gu, ' ')
    .custom((value: string, helpers) => (isNameLike(value) ? value : helpers.error('text.name')));
