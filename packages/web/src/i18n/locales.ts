/** Languages that there is a catalogue for, each by its own name. */
export const LOCALES = {
  en: 'English',
  de: 'Deutsch',
  es: 'Español',
  fr: 'Français',
  ja: '日本語',
  ar: 'العربية',
} as const;

export type Locale = keyof typeof LOCALES;

const RIGHT_TO_LEFT: readonly Locale[] = ['ar'];

export const directionOf = (locale: Locale): 'ltr' | 'rtl' =>
  RIGHT_TO_LEFT.includes(locale) ? 'rtl' : 'ltr';

const isLocale = (text: string): text is Locale => text in LOCALES;

/** The first of somebody's languages that we have. */
export const bestLocale = (wanted: readonly string[]): Locale =>
  wanted.map((tag) => tag.split('-')[0]!.toLowerCase()).find(isLocale) ?? 'en';
