/** What is said, in which language, and how dates are written. */
export type { Area, TextId } from './catalogues.js';
export { LOCALES, directionOf } from './locales.js';
export type { Locale } from './locales.js';
export { preferences } from './preferences.js';
export type { Preferences } from './preferences.js';
export { Texts, usePreferences } from './Texts.js';
export { useDates } from './use-dates.js';
export { useErrorText } from './use-error-text.js';
export { useRichText, useText } from './use-text.js';
export type { Say } from './use-text.js';
