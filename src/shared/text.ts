const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * A character that shows something: no white space, control, joiner or other character of no width, mark for the
 * direction of text, filler, or sign that fonts leave blank (Braille's empty cell, the place of an object in a text,
 * the note without a head).
 */
export const VISIBLE =
  /[^\p{White_Space}\p{Cc}\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFC\u2800\u{1D159}]/u;

/** Whether a text shows anything. */
export const isVisible = (text: string): boolean => VISIBLE.test(text);

/** The length of a text in code points: what people and other languages count, unlike `length`. */
export const lengthOf = (text: string): number => {
  let length = text.length;
  for (let i = 1; i < text.length; i += 1) {
    if (isLowSurrogate(text, i) && isHighSurrogate(text, i - 1)) length -= 1;
  }
  return length;
};

/**
 * The beginning of a text: at most `maxLength` code points, and whole characters as people see them, so that no
 * emoji or syllable is cut. A single character that is longer than that is cut between code points.
 */
export const cutText = (text: string, maxLength: number): string => {
  // No text has more code points than UTF-16 units, and counting costs more.
  if (text.length <= maxLength) return text;
  const end = indexOfCodePoint(text, maxLength);
  if (end === text.length) return text;
  const whole = graphemeStart(text, end);
  return text.slice(0, whole === 0 ? end : whole);
};

/** Where the character starts, as people see it, that holds the text's unit at `index`. */
export const graphemeStart = (text: string, index: number): number =>
  characterAt(text, index)?.start ?? index;

/** Where the character ends, as people see it, that `index` is inside of; `index` itself where one starts. */
export const graphemeEnd = (text: string, index: number): number => {
  const character = characterAt(text, index);
  return !character || character.start === index ? index : character.end;
};

/** The character that holds the unit at `index`; undefined where it is sure that one starts there. */
const characterAt = (text: string, index: number): { start: number; end: number } | undefined => {
  if (index <= 0 || index >= text.length || isPlainBoundary(text, index)) return undefined;
  let from = index - 1;
  const first = Math.max(0, index - LONGEST_LOOK);
  while (from > first && !isPlainBoundary(text, from)) from -= 1;
  const nearby = text.slice(from, index + LONGEST_LOOK);
  const { index: place, segment } = graphemes.segment(nearby).containing(index - from)!;
  return { start: from + place, end: from + place + segment.length };
};
/** Units that are looked at before and after a place; whatever is longer is no character of any language. */
const LONGEST_LOOK = 1000;

/** Letters that belong to no character before or after them: the usual case, which needs no segmenter. */
const isPlainBoundary = (text: string, index: number): boolean => {
  const [before, after] = [text.charCodeAt(index - 1), text.charCodeAt(index)];
  return isPlain(before) && isPlain(after) && after !== LINE_FEED;
};
/** Latin, Greek, Cyrillic, kana, Han and whole Hangul syllables. */
const isPlain = (unit: number): boolean =>
  unit < 0x300 ||
  (unit >= 0x370 && unit <= 0x482) ||
  (unit >= 0x3041 && unit <= 0x3096) ||
  (unit >= 0x30a1 && unit <= 0x30fa) ||
  (unit >= 0x4e00 && unit <= 0x9fff) ||
  (unit >= 0xac00 && unit <= 0xd7a3);
const LINE_FEED = 0x0a;

const indexOfCodePoint = (text: string, count: number): number => {
  let index = 0;
  for (let i = 0; i < count && index < text.length; i += 1) {
    index += isHighSurrogate(text, index) && isLowSurrogate(text, index + 1) ? 2 : 1;
  }
  return index;
};

const isHighSurrogate = (text: string, index: number): boolean =>
  (text.charCodeAt(index) & 0xfc00) === 0xd800;
const isLowSurrogate = (text: string, index: number): boolean =>
  (text.charCodeAt(index) & 0xfc00) === 0xdc00;
