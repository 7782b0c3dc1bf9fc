import { isId } from '../../shared/ids.js';
import { cutText, lengthOf } from '../../shared/text.js';

/** Longest slug of a room, in code points. */
export const SLUG_MAX_LENGTH = 64;

const SLUG_PATTERN = /^[\p{L}\p{N}][\p{L}\p{N}\p{M}._-]*$/u;
/** Zero-width characters and emoji variation selectors. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
const OTHER_SIGNS = /[^\p{L}\p{N}\p{Mn}\p{Mc}._-]+/gu;
/** Repeated dashes, and accents without a letter. */
const DASHES = /-[-\p{M}]*/gu;
const AT_ENDS = /^[^\p{L}\p{N}]+|[._-]+$/gu;
/** The slug of a name without a letter or digit. */
const NAMELESS = 'room';

/**
 * The form in which names of rooms are compared: lower case, NFKC, with dashes for white space. Two names
 * with the same form are one room.
 */
export const roomNameKey = (name: string): string =>
  name.normalize('NFKC').trim().toLowerCase().replace(/\s+/g, '-');

/** Whether a name is a path that leads upwards: browsers would change an address with it. */
export const isPath = (name: string): boolean => /(?:^|[\\/])\.{1,2}(?:[\\/]|$)/.test(name);

/** The normal form of a chosen slug; undefined when it cannot be a slug. */
export const chosenSlug = (slug: string): string | undefined => {
  const folded = roomNameKey(slug);
  return isSlug(folded) ? folded : undefined;
};

const isSlug = (text: string): boolean =>
  lengthOf(text) <= SLUG_MAX_LENGTH && SLUG_PATTERN.test(text) && !isId(text);

/**
 * The slug of a name: the name itself, folded, where it can be a slug; else with dashes between its runs of
 * letters and digits. Different names may have the same slug: the first room has it, the others get a number.
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
  // A slug that looks like an id would be taken for one.
  return isId(slug) ? `${NAMELESS}-${slug}` : slug;
};

/** The slug with a number at its end, from 2 on, cut to a slug's longest length. */
export const numberedSlug = (slug: string, number: number): string => {
  const end = `-${number}`;
  return `${cutText(slug, SLUG_MAX_LENGTH - end.length).replace(AT_ENDS, '')}${end}`;
};

/** The parts of a room that name it. */
interface Named {
  slug?: string | undefined;
  name?: string | undefined;
}

/**
 * Whether a room's slug was made of a name that could not be a slug itself. Only the exact slug means such a
 * room: `c` is the slug of C++, but `C` is the name of another room.
 */
export const isMadeSlug = ({ slug = '', name = '' }: Named): boolean => {
  const made = slugOfName(name);
  if (roomNameKey(name) === slug) return false;
  const number = /-(\d+)$/.exec(slug)?.[1];
  return slug === made || (number !== undefined && numberedSlug(made, Number(number)) === slug);
};
