import { bestLocale } from './locales.js';
import type { Locale } from './locales.js';

/** How the pages look to whoever uses this browser. */
export interface Preferences {
  theme: 'system' | 'light' | 'dark';
  /** Undefined: the browser's languages decide. */
  locale: Locale | undefined;
  /** Enter sends, Shift+Enter begins a line; or Enter begins a line and Ctrl+Enter sends. */
  enterSends: boolean;
  /** Whether messages are told of while the page is in the background. */
  notifications: boolean;
}

const KEY = 'parley:preferences';
const DEFAULTS: Preferences = {
  theme: 'system',
  locale: undefined,
  enterSends: true,
  notifications: false,
};

const read = (): Preferences => {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as object) };
  } catch {
    return DEFAULTS;
  }
};

let current = read();
const listeners = new Set<() => void>();

const apply = (): void => {
  const { dataset } = document.documentElement;
  if (current.theme === 'system') delete dataset.theme;
  else dataset.theme = current.theme;
};

const tell = (): void => {
  apply();
  for (const listener of listeners) listener();
};

/** The preferences of this browser, as a store; another tab's changes arrive too. */
export const preferences = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  getSnapshot: (): Preferences => current,
  change: (changes: Partial<Preferences>): void => {
    current = { ...current, ...changes };
    try {
      localStorage.setItem(KEY, JSON.stringify(current));
    } catch {
      // Nothing may be stored here: it holds until the page is left.
    }
    tell();
  },
};

addEventListener('storage', ({ key }) => {
  if (key !== KEY) return;
  current = read();
  tell();
});
apply();

/** The language to show: the chosen one, or the best of the browser's. */
export const localeNow = ({ locale }: Preferences): Locale =>
  locale ?? bestLocale(navigator.languages);
