import { useParley } from '@parley-chat/react';
import { useCallback, useEffect, useState } from 'react';

interface Answer<T> {
  data: T[];
  pagination?: { hasMore: boolean } | undefined;
  hasMore?: boolean | undefined;
}

/** Rows of a list that the server answers page by page. */
export interface Rows<T> {
  rows: readonly T[];
  isLoading: boolean;
  error: unknown;
  /** Fetches the next page; undefined at the end. */
  more: (() => void) | undefined;
  /** Begins anew with the first page. */
  reload: () => void;
}

/**
 * Fetches a list.
 *
 * @param next the address of the page behind these rows.
 */
export const useRows = <T>(next: (rows: readonly T[]) => string): Rows<T> => {
  const client = useParley();
  const [rows, setRows] = useState<readonly T[]>([]);
  const [isLoading, setLoading] = useState(true);
  const [hasMore, setHasMore] = useState(false);
  const [error, setError] = useState<unknown>();
  const first = next([]);
  const fetchPage = useCallback(
    async (path: string, before: readonly T[], isCurrent: () => boolean) => {
      setLoading(true);
      try {
        const answer = (await client.page<T[]>('GET', path)) as Answer<T>;
        if (!isCurrent()) return;
        setRows([...before, ...answer.data]);
        setHasMore(answer.pagination?.hasMore ?? answer.hasMore ?? false);
        setError(undefined);
      } catch (thrown) {
        if (isCurrent()) setError(thrown);
      } finally {
        if (isCurrent()) setLoading(false);
      }
    },
    [client],
  );
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    void fetchPage(first, [], () => isCurrent);
    return () => {
      isCurrent = false;
    };
  }, [fetchPage, first, attempt]);
  return {
    rows,
    isLoading,
    error,
    more: hasMore ? () => void fetchPage(next(rows), rows, () => true) : undefined,
    reload: () => {
      setAttempt(attempt + 1);
    },
  };
};
