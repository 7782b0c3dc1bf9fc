import type { Request } from 'express';
import type { Locale } from '../../shared/locale.js';
import { DEFAULT_LOCALE, LOCALES } from '../../shared/locale.js';

/** The language of ours that a client likes best, as its `Accept-Language` says. */
export const clientLocale = (req: Request): Locale => {
  const best = req.acceptsLanguages([...LOCALES]);
  return LOCALES.find((locale) => locale === best) ?? DEFAULT_LOCALE;
};
