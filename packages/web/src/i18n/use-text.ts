import { useCallback } from 'react';
import type { ReactNode } from 'react';
import { useIntl } from 'react-intl';
import type { TextId } from './catalogues.js';

type Values = Record<string, string | number | Date | null | undefined>;
type RichValues = Record<string, ReactNode | ((parts: ReactNode[]) => ReactNode)>;

/** Says a text of the catalogue. */
export type Say = (id: TextId, values?: Values) => string;

/** The texts of the catalogue, in the language of the page. */
export const useText = (): Say => {
  const intl = useIntl();
  return useCallback<Say>((id, values) => intl.formatMessage({ id }, values as never), [intl]);
};

/** The same for texts with parts that are more than text, as `<b>…</b>`. */
export const useRichText = (): ((id: TextId, values: RichValues) => ReactNode) => {
  const intl = useIntl();
  return useCallback(
    (id, values) => intl.formatMessage({ id }, values as never) as ReactNode,
    [intl],
  );
};
