import type enAdmin from './catalogues/admin/en.json';
import type enApp from './catalogues/app/en.json';
import type enCommon from './catalogues/common/en.json';
import type { Locale } from './locales.js';

/** Parts of the catalogue: what both pages say, and what one of them does. */
export type Area = 'common' | 'app' | 'admin';

/** A text of the catalogue. */
export type TextId = keyof typeof enCommon | keyof typeof enApp | keyof typeof enAdmin;

type Texts = Record<string, string>;
type File = { default: Texts };

/** Fetched when they are needed: one file per language and area. */
const FILES = import.meta.glob<File>('./catalogues/*/*.json');

/** The texts of some areas in a language. */
export const loadTexts = async (locale: Locale, areas: readonly Area[]): Promise<Texts> => {
  const files = await Promise.all(
    areas.map((area) => FILES[`./catalogues/${area}/${locale}.json`]!()),
  );
  return Object.assign({}, ...files.map((file) => file.default)) as Texts;
};
