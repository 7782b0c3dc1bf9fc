import { isId } from '../../shared/ids.js';
import { cutText, lengthOf } from '../../shared/text.js';

/** Longest slug of a room, in code points. */
export const SLUG_MAX_LENGTH = 64;

const SLUG_PATTERN = /^[\p{L}\p{N}][\p{L}\p{N}\p{M}._-]*$/u;
/** Characters of no width, and the variants of emoji. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
const OTHER_SIGNS = /[^\p{L}\p{N}\p{Mn}\p{Mc}._-]+/gu;
/** Dashes that follow each other, and accents that have lost their letter. */
const DASHES = /-[-\p{M}]*/gu;
const AT_ENDS = /^[^\p{L}\p{N}]+|[._-]+$/gu;
/** The slug of a name in which there is no letter or digit. */
const NAMELESS = 'room';

/**
 * The form in which names of rooms are compared: lower case, NFKC, with dashes for white space. Two names that
 * differ in nothing else are one room.
 */
export const roomNameKey = (name: string): string =>
  name.normalize('NFKC').trim().toLowerCase().replace(/\s+/g, '-');

/** Whether a name is a path that leads upwards: browsers would change an address with it. */
export const isPath = (name: string): boolean => /(?:^|[\\/])\.{1,2}(?:[\\/]|$)/.test(name);

/** The slug that somebody has chosen, in its form; undefined for what can be none. */
export const chosenSlug = (slug: string): string | undefined => {
  const folded = roomNameKey(slug);
  return isSlug(folded) ? folded : undefined;
};

const isSlug = (text: string): boolean =>
  lengthOf(text) <= SLUG_MAX_LENGTH && SLUG_PATTERN.test(text) && !isId(text);

/**
 * The slug of a name: the name itself, folded, where it can be one; else with a dash for what stands between its
 * letters and digits. Different names may have the same: the first room has it, the others get a number.
 */
export const slugOfName = (name: string): string => {
  const key = roomNameKey(name);
  if (isSlug(key)) return key;
  const words = key
    .replace(INVISIBLE, '')
    .replace(OTHER_SIGNS, '-')
    .replace(DASHES, '-')
    .replace(AT_ENDS, '');
  const slug = cutText(words, SLUG_MAX_LENGTH).replace(AT_ENDS, '') || NAMELESS;
  // What looks like an id is understood as one.
  return isId(slug) ? `${NAMELESS}-${slug}` : slug;
};

/** The slug with a number behind it, from 2 on; it stays as long as a slug may be. */
export const numberedSlug = (slug: string, number: number): string => {
  const end = `-${number}`;
  return `${cutText(slug, SLUG_MAX_LENGTH - end.length).replace(AT_ENDS, '')}${end}`;
};

/** A room, as far as it says what it is called. */
interface Named {
  slug?: string | undefined;
  name?: string | undefined;
}

/**
 * Whether a room's slug was made of a name that could not be one itself. Only who writes such a slug as it stands
 * means this room: `c` is the slug of C++, but `C` is the name of another room.
 */
export const isMadeSlug = ({ slug = '', name = '' }: Named): boolean => {
  const made = slugOfName(name);
  if (roomNameKey(name) === slug) return false;
  const number = /-(\d+)$/.exec(slug)?.[1];
  return slug === made || (number !== undefined && numberedSlug(made, Number(number)) === slug);
};
