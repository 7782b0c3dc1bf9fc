import { fieldOf, isDocument } from '../semantics/index.js';
import type { BsonDocument, BsonValue, MaybeValue } from '../semantics/index.js';
import { readLanguage } from '../storage/index-spec.js';
import type { TextLanguage, TextOptions } from '../storage/index-spec.js';

/** One string of a document that a text index searches. */
export interface IndexedText {
  readonly text: string;
  readonly weight: number;
  readonly language: TextLanguage;
}

/** Every string that the index searches in a document. */
export function indexedTexts(document: BsonDocument, options: TextOptions): IndexedText[] {
  const found: IndexedText[] = [];
  const language = languageOf(document, options, options.language);
  if (options.searchesEverything) collectAll(document, '', options, language, found);
  for (const [path, weight] of options.searchesEverything ? [] : options.weights) {
    collect(document, path.split('.'), weight, options, language, found);
  }
  return found;
}

/** A document may name its own language, for itself and what it contains. */
function languageOf(
  document: BsonDocument,
  { languageOverride }: TextOptions,
  inherited: TextLanguage,
): TextLanguage {
  const own = fieldOf(document, languageOverride);
  return own === undefined ? inherited : readLanguage(own);
}

function collect(
  value: MaybeValue,
  path: readonly string[],
  weight: number,
  options: TextOptions,
  language: TextLanguage,
  found: IndexedText[],
): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, path, weight, options, language, found);
  } else if (typeof value === 'string') {
    if (path.length === 0) found.push({ text: value, weight, language });
  } else if (isDocument(value) && path.length > 0) {
    const inner = languageOf(value, options, language);
    collect(fieldOf(value, path[0]!), path.slice(1), weight, options, inner, found);
  }
}

function collectAll(
  value: BsonValue,
  path: string,
  options: TextOptions,
  language: TextLanguage,
  found: IndexedText[],
): void {
  if (typeof value === 'string') {
    found.push({ text: value, weight: options.weights.get(path) ?? 1, language });
  } else if (Array.isArray(value)) {
    for (const item of value) collectAll(item, path, options, language, found);
  } else if (isDocument(value)) {
    const inner = languageOf(value, options, language);
    for (const [name, field] of Object.entries(value)) {
      collectAll(field, path === '' ? name : `${path}.${name}`, options, inner, found);
    }
  }
}
