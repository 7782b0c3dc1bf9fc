import { fold } from '../../shared/fold.js';
import type { FilterAction } from './word-filter.repository.js';

/** A rule as far as texts are compared with it. */
export interface MatcherRule {
  pattern: string;
  action: FilterAction;
}

/** Where a text has a filtered word: units of the original text, whole characters as people see them. */
export interface WordHit {
  start: number;
  end: number;
  action: FilterAction;
}

/** A pattern, folded, without its asterisks. */
interface Word {
  text: string;
  isOpenAtStart: boolean;
  isOpenAtEnd: boolean;
  action: FilterAction;
}

/** A node of the tree of all words: a walk from each place of a text finds all that begin there. */
interface TreeNode {
  next: Map<string, TreeNode>;
  words: Word[];
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const segments = new Intl.Segmenter(undefined, { granularity: 'word' });

const LATIN = /[a-z]/;
const LOOKALIKE_SCRIPT = /[\u0370-\u04ff]/;
const LETTERS = /[\p{L}\p{M}\p{N}]+/gu;
const LETTER = /[\p{L}\p{M}\p{N}]/u;

/** Folded letters of Greek and Cyrillic that look like Latin ones. */
const LOOKALIKES = new Map(
  Object.entries({
    ...{ а: 'a', в: 'b', с: 'c', ԁ: 'd', е: 'e', һ: 'h', і: 'i', ј: 'j', к: 'k', м: 'm', о: 'o' },
    ...{ р: 'p', ѕ: 's', т: 't', у: 'y', х: 'x', ԛ: 'q', ԝ: 'w', г: 'r', п: 'n' },
    ...{ α: 'a', β: 'b', ε: 'e', ι: 'i', κ: 'k', ν: 'v', ο: 'o', ρ: 'p', σ: 'o', τ: 't', υ: 'u' },
    ...{ χ: 'x', γ: 'y', η: 'n', ω: 'w' },
  }),
);

/**
 * A folded text whose words of mixed scripts are Latin: nobody writes `vіagra` with a Cyrillic і but to pass a
 * filter. Words of one script stay as they are. Of the same length, unit by unit.
 */
const withoutLookalikes = (folded: string): string =>
  LATIN.test(folded) && LOOKALIKE_SCRIPT.test(folded)
    ? folded.replace(LETTERS, (word) =>
        LATIN.test(word) && LOOKALIKE_SCRIPT.test(word)
          ? [...word].map((letter) => LOOKALIKES.get(letter) ?? letter).join('')
          : word,
      )
    : folded;

const comparable = (text: string): string => withoutLookalikes(fold(text));

/** A pattern as it is compared, its asterisks with it: patterns with the same key are the same. */
export const patternKey = (pattern: string): string =>
  comparable(pattern.trim()).replace(/\s+/gu, ' ');

/** Whether a pattern names a word: something to compare, and asterisks at its ends alone. */
export const isPattern = (pattern: string): boolean => {
  const { text } = wordOf({ pattern, action: 'refuse' });
  return !text.includes('*') && /[^\p{White_Space}\p{P}]/u.test(text);
};

const wordOf = ({ pattern, action }: MatcherRule): Word => {
  const key = patternKey(pattern);
  return {
    text: key.replace(/^\*|\*$/gu, ''),
    isOpenAtStart: key.startsWith('*'),
    isOpenAtEnd: key.endsWith('*'),
    action,
  };
};

/**
 * Finds the words of some rules in texts, whole words, in every script. Most texts have none and cost a walk along
 * their letters; only a text that has the letters of a rule is cut into words.
 *
 * Texts are compared folded: case, width, accents where people leave them out, and characters without width do not
 * count, nor do Greek and Cyrillic letters in a Latin word. Digits for letters (`v1agra`) are other words.
 */
export class WordMatcher {
  private readonly root: TreeNode = { next: new Map(), words: [] };

  constructor(rules: Iterable<MatcherRule>) {
    for (const rule of rules) this.add(wordOf(rule));
  }

  /** Where the text has words of the rules, by their beginnings; they may overlap. */
  hits(text: string): WordHit[] {
    if (!this.mayHave(comparable(text).replace(/\s+/gu, ' '))) return [];
    const { folded, places } = foldedPlaces(text);
    const found: { start: number; end: number; action: FilterAction }[] = [];
    const edges = new WordEdges(folded);
    for (let start = 0; start < folded.length; start += 1) {
      for (const { word, end } of this.wordsAt(folded, start)) {
        if (!word.isOpenAtStart && !edges.has(start)) continue;
        if (!word.isOpenAtEnd && !edges.has(end)) continue;
        found.push({
          start: word.isOpenAtStart ? edges.before(start) : start,
          end: word.isOpenAtEnd ? edges.after(end) : end,
          action: word.action,
        });
      }
    }
    return found.map(({ start, end, action }) => ({
      start: places[start]!.start,
      end: places[end - 1]!.end,
      action,
    }));
  }

  private mayHave(folded: string): boolean {
    for (let start = 0; start < folded.length; start += 1) {
      let node = this.root.next.get(folded[start]!);
      for (let at = start + 1; node; at += 1) {
        if (node.words.length > 0) return true;
        if (at === folded.length) break;
        node = node.next.get(folded[at]!);
      }
    }
    return false;
  }

  private *wordsAt(folded: string, start: number): Generator<{ word: Word; end: number }> {
    let node: TreeNode | undefined = this.root;
    for (let at = start; at < folded.length; at += 1) {
      node = node.next.get(folded[at]!);
      if (!node) return;
      for (const word of node.words) yield { word, end: at + 1 };
    }
  }

  private add(word: Word): void {
    let node = this.root;
    for (const unit of word.text.split('')) {
      const next = node.next.get(unit) ?? { next: new Map<string, TreeNode>(), words: [] };
      node.next.set(unit, next);
      node = next;
    }
    node.words.push(word);
  }
}

/** A text with the words of some hits as asterisks, one for each character as people see it. */
export const masked = (text: string, hits: readonly Pick<WordHit, 'start' | 'end'>[]): string => {
  const sorted = [...hits].sort((a, b) => a.start - b.start);
  let result = '';
  let at = 0;
  for (const { start, end } of sorted) {
    if (end <= at) continue;
    const from = Math.max(start, at);
    result += text.slice(at, from) + asterisks(text.slice(from, end));
    at = end;
  }
  return result + text.slice(at);
};

const asterisks = (word: string): string =>
  [...graphemes.segment(word)]
    // Characters without width are not seen, and white space between two words stays.
    .map(({ segment }) => (fold(segment) === '' ? '' : /^\s+$/u.test(segment) ? segment : '*'))
    .join('');

/** A folded text, white space as one blank each, and for each unit of it the character of the original it is of. */
const foldedPlaces = (
  text: string,
): { folded: string; places: { start: number; end: number }[] } => {
  const places: { start: number; end: number }[] = [];
  let folded = '';
  for (const { segment, index } of graphemes.segment(text)) {
    const part = fold(segment).replace(/\s+/gu, ' ');
    if (part === ' ' && folded.endsWith(' ')) continue;
    folded += part;
    const place = { start: index, end: index + segment.length };
    places.push(...new Array<typeof place>(part.length).fill(place));
  }
  return { folded: withoutLookalikes(folded), places };
};

/** Where the words of a folded text begin and end. */
class WordEdges {
  private readonly edges: Set<number>;

  constructor(private readonly text: string) {
    this.edges = new Set([text.length]);
    for (const { index } of segments.segment(text)) this.edges.add(index);
  }

  /**
   * Whether a word begins or ends at a place: as the segmenter says, which also knows the words of scripts that are
   * written without spaces, and at every sign that is no letter: `bad.word` and `bad_word` are one word to it.
   */
  has(place: number): boolean {
    if (this.edges.has(place)) return true;
    return !isLetterAt(this.text, place - 1) || !isLetterAt(this.text, place);
  }

  /** The beginning of the word around a place. */
  before(place: number): number {
    let at = place;
    while (at > 0 && !this.has(at)) at -= 1;
    return at;
  }

  /** The end of the word around a place. */
  after(place: number): number {
    let at = place;
    while (at < this.text.length && !this.has(at)) at += 1;
    return at;
  }
}

/** Surrogates count as letters: the two halves of one character belong together. */
const isLetterAt = (text: string, place: number): boolean => {
  const unit = text[place];
  return unit !== undefined && (LETTER.test(unit) || (unit >= '\ud800' && unit <= '\udfff'));
};
