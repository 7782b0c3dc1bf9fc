/** The languages in which the server writes to people: mails, and the pages that links in mails open. */
export const LOCALES = ['en', 'de', 'es', 'fr', 'ja', 'ar'] as const;

/** One of {@link LOCALES}. */
export type Locale = (typeof LOCALES)[number];

/** The language of those whose own is not known. */
export const DEFAULT_LOCALE: Locale = 'en';

/** The direction in which a language is written. */
export const directionOf = (locale: Locale): 'ltr' | 'rtl' => (locale === 'ar' ? 'rtl' : 'ltr');
