/** Variation selectors: shown as text, or in colour. */
const TEXT = '\uFE0E';
const COLOURED = '\uFE0F';
const SELECTORS = new RegExp(`[${TEXT}${COLOURED}]`, 'gu');

// The parts of an emoji without its variation selectors. A pictograph is an emoji, or a code point that Unicode
// has reserved for one: what newer devices send must not wait for a newer Node.
const PICTOGRAPH = '(?=[\\p{Emoji}\\p{Cn}])\\p{Extended_Pictographic}';
const BLACK_FLAG = '\\u{1F3F4}';
/** A letter or a digit of a flag's region, which nobody sees. */
const TAG = '[\\u{E0030}-\\u{E0039}\\u{E0061}-\\u{E007A}]';
/**
 * Behind a black flag, the region of a flag such as Scotland's, and its end: two letters for the country and up to
 * four signs for a part of it, as Unicode's subdivisions have. More would be a place for hidden text.
 */
const TAGS = `[\\u{E0061}-\\u{E007A}]{2}${TAG}{1,4}\\u{E007F}`;
const BARE_ELEMENT = `(?:${BLACK_FLAG}${TAGS}|${PICTOGRAPH}\\p{Emoji_Modifier}?)`;
const BARE = new RegExp(
  `^(?:${BARE_ELEMENT}(?:\\u200D${BARE_ELEMENT})*|\\p{Emoji_Modifier}|\\p{Regional_Indicator}{2}|[0-9#*]\\u20E3)$`,
  'u',
);
/** What is shown as text unless a selector or a skin tone follows. */
const SHOWN_AS_TEXT = /(?!\p{Emoji_Presentation})\p{Emoji}(?!\p{Emoji_Modifier})/gu;
/** Code points of the longest emoji that is taken; a family has some twenty. */
const MAX_LENGTH = 64;

/**
 * The one form of an emoji: fully qualified, as Unicode recommends it for interchange, so that the same reaction
 * from two keyboards is the same reaction. Flags, families, keycaps and skin tones count as one emoji.
 *
 * @returns undefined for anything that is not exactly one emoji.
 */
export const canonicalEmoji = (text: string): string | undefined => {
  if (text.length > 2 * MAX_LENGTH) return undefined;
  const bare = text.replace(SELECTORS, '');
  return BARE.test(bare) ? bare.replace(SHOWN_AS_TEXT, `$&${COLOURED}`) : undefined;
};

/** The selectors and the skin tone of an emoji; keyboards put a selector on either side of the tone. */
const VARIANT = `[${TEXT}${COLOURED}\\p{Emoji_Modifier}]{0,3}`;
/** An element of an emoji, in any spelling. */
const ELEMENT = `(?:${BLACK_FLAG}${VARIANT}${TAGS}|\\p{Extended_Pictographic}${VARIANT})`;
/** The source of a pattern that finds one emoji, however it is spelled; for patterns with the flag `u`. */
export const EMOJI_SOURCE = `(?:${ELEMENT}(?:\\u200D${ELEMENT})*|\\p{Regional_Indicator}{2}|[0-9#*][${TEXT}${COLOURED}]?\\u20E3)`;
