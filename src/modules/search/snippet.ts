import { fold } from './tokenizer.js';
import type { SearchTerms } from './tokenizer.js';

/** Characters of text around the first hit. */
const LENGTH = 160;
const BEFORE_HIT = 40;

/** A stretch of text, and whether it is what was searched for. */
export interface SnippetPart {
  text: string;
  hit: boolean;
}

/**
 * The part of a text around the first hit, cut into stretches, so that clients mark the hits without
 * parsing markup.
 */
export const snippetOf = (text: string, { words, beginning }: SearchTerms): SnippetPart[] => {
  const terms = [...words, ...(beginning === undefined ? [] : [beginning])];
  const hits = hitsOf(text, terms);
  const start = Math.max(0, (hits[0]?.start ?? 0) - BEFORE_HIT);
  const end = Math.min(text.length, start + LENGTH);
  const parts: SnippetPart[] = [];
  let at = start;
  for (const hit of hits) {
    if (hit.start < at || hit.end > end) continue;
    if (hit.start > at) parts.push({ text: text.slice(at, hit.start), hit: false });
    parts.push({ text: text.slice(hit.start, hit.end), hit: true });
    at = hit.end;
  }
  if (at < end) parts.push({ text: text.slice(at, end).toWellFormed(), hit: false });
  return parts.map((part) => ({ ...part, text: part.text.toWellFormed() }));
};

/** Where the terms stand, in the text's own places: folding may change lengths, so words are compared. */
const hitsOf = (text: string, terms: string[]): { start: number; end: number }[] => {
  const hits: { start: number; end: number }[] = [];
  for (const match of text.matchAll(/[\p{L}\p{N}\p{M}]+/gu)) {
    const word = fold(match[0]);
    if (!terms.some((term) => word.startsWith(term) || word.includes(term))) continue;
    const isWhole = terms.some((term) => word.startsWith(term));
    const inner = isWhole ? undefined : innerHit(match[0], terms);
    const start = match.index + (inner?.start ?? 0);
    hits.push({ start, end: inner ? start + inner.length : match.index + match[0].length });
  }
  return hits;
};

/** A hit inside a longer run, as unspaced scripts have it. */
const innerHit = (run: string, terms: string[]): { start: number; length: number } | undefined => {
  const folded = fold(run);
  // Only where folding kept every character in its place can an inner position be told.
  if (folded.length !== run.length) return undefined;
  const found = terms
    .map((term) => ({ start: folded.indexOf(term), length: term.length }))
    .filter(({ start }) => start >= 0)
    .sort((a, b) => a.start - b.start);
  return found[0];
};
