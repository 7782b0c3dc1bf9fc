import { useEffect, useState, useSyncExternalStore } from 'react';
import type { ReactNode } from 'react';
import { I18nProvider } from 'react-aria-components';
import { IntlProvider } from 'react-intl';
import { loadTexts } from './catalogues.js';
import type { Area } from './catalogues.js';
import { directionOf } from './locales.js';
import type { Locale } from './locales.js';
import { localeNow, preferences } from './preferences.js';

/** How this browser shows the pages. */
export const usePreferences = () =>
  useSyncExternalStore(preferences.subscribe, preferences.getSnapshot);

export interface TextsProps {
  areas: readonly Area[];
  children: ReactNode;
}

/** Gives what is inside it the texts of some areas, in the chosen language; nothing is shown before they are there. */
export const Texts = ({ areas, children }: TextsProps) => {
  const locale = localeNow(usePreferences());
  const [shown, setShown] = useState<{ locale: Locale; texts: Record<string, string> }>();
  const wanted = areas.join();
  useEffect(() => {
    let isCurrent = true;
    loadTexts(locale, wanted.split(',') as Area[]).then(
      (texts) => {
        if (!isCurrent) return;
        document.documentElement.lang = locale;
        document.documentElement.dir = directionOf(locale);
        setShown({ locale, texts });
      },
      () => {
        // The server has been updated, and this language's file of the page that is open is gone.
        location.reload();
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [locale, wanted]);
  if (!shown) return null;
  return (
    <IntlProvider locale={shown.locale} messages={shown.texts} defaultLocale="en">
      <I18nProvider locale={shown.locale}>{children}</I18nProvider>
    </IntlProvider>
  );
};
