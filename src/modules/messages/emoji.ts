/** A variation selector that asks for the coloured form of a sign such as the heart. */
const COLOURED = '\uFE0F';
/** One complete emoji, as Unicode recommends them for interchange: also flags, families, skin tones. */
const RECOMMENDED = new RegExp('^\\p{RGI_Emoji}$', 'v');

/**
 * The one form under which an emoji is stored, so that the same reaction from two keyboards is the
 * same reaction.
 *
 * @returns undefined for anything that is not exactly one emoji.
 */
export const canonicalEmoji = (text: string): string | undefined =>
  [text, text + COLOURED].find((candidate) => RECOMMENDED.test(candidate));
