import { useMemo } from 'react';
import { useIntl } from 'react-intl';

const DAY_MS = 86_400_000;

const startOfDay = (date: Date): number =>
  new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

/** Dates and times in the language of the page and the zone of the browser; each takes an ISO time. */
export const useDates = () => {
  const { locale } = useIntl();
  return useMemo(() => {
    const format = (options: Intl.DateTimeFormatOptions) => {
      const formatter = new Intl.DateTimeFormat(locale, options);
      return (iso: string) => formatter.format(new Date(iso));
    };
    const time = format({ hour: 'numeric', minute: '2-digit' });
    const weekday = format({ weekday: 'long' });
    const dayOfYear = format({ day: 'numeric', month: 'long' });
    const date = format({ day: 'numeric', month: 'short', year: 'numeric' });
    const exact = format({ dateStyle: 'full', timeStyle: 'medium' });
    const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
    const daysAgo = (iso: string) =>
      Math.round((startOfDay(new Date()) - startOfDay(new Date(iso))) / DAY_MS);
    /** A day: today, yesterday, Monday, 3 May, or with its year. */
    const day = (iso: string): string => {
      const days = daysAgo(iso);
      if (days >= 0 && days <= 1) return relative.format(-days, 'day');
      if (days > 1 && days < 7) return weekday(iso);
      return new Date(iso).getFullYear() === new Date().getFullYear() ? dayOfYear(iso) : date(iso);
    };
    return {
      time,
      date,
      day,
      /** With weekday and seconds, for who wants to know exactly. */
      exact,
      /** As short as a list needs: the time of today, else the day. */
      short: (iso: string): string => (daysAgo(iso) <= 0 ? time(iso) : day(iso)),
      /** "5 minutes ago", "yesterday". */
      ago: (iso: string): string => {
        const seconds = (new Date(iso).getTime() - Date.now()) / 1000;
        const units = [
          ['year', 31_536_000],
          ['month', 2_592_000],
          ['day', 86_400],
          ['hour', 3600],
          ['minute', 60],
        ] as const;
        const unit = units.find(([, length]) => Math.abs(seconds) >= length);
        return unit
          ? relative.format(Math.round(seconds / unit[1]), unit[0])
          : relative.format(0, 'second');
      },
    };
  }, [locale]);
};
