import type { ReactNode } from 'react';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { Button } from './Button.js';
import { Skeleton } from './States.js';
import styles from './Table.module.css';
import { cx } from './cx.js';
import { useText } from '../i18n/index.js';

export interface Column<T> {
  id: string;
  header: string;
  cell: (row: T) => ReactNode;
  /** A phone shows it below the first column's text, and not beside it. */
  isFolded?: boolean;
  /** Numbers stand at the end. */
  isNumber?: boolean;
  /** Its head sorts by it. */
  isSortable?: boolean;
}

export interface Sort {
  by: string;
  direction: 'ascending' | 'descending';
}

export interface TableProps<T> {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
  /** Stands in place of rows. */
  empty: ReactNode;
  isLoading?: boolean;
  /** Fetches the next page; undefined at the end. */
  onMore?: (() => void) | undefined;
}

/**
 * Rows with columns; on a phone each row is a card, whose cells have their heads beside them. What a row opens is a
 * link in its first cell.
 */
export const Table = <T,>({
  label,
  columns,
  rows,
  keyOf,
  sort,
  onSort,
  empty,
  isLoading = false,
  onMore,
}: TableProps<T>) => {
  const t = useText();
  if (rows.length === 0) return isLoading ? <Skeleton shape="row" count={6} /> : <>{empty}</>;
  return (
    <div className={styles.wrap}>
      <table className={styles.table} aria-label={label} aria-busy={isLoading}>
        <thead>
          <tr>
            {columns.map(({ id, header, isSortable, isNumber }) => {
              const isSorted = sort?.by === id;
              return (
                <th
                  key={id}
                  scope="col"
                  className={cx(isNumber && styles.number)}
                  aria-sort={isSorted ? sort.direction : undefined}
                >
                  {isSortable && onSort ? (
                    <button
                      type="button"
                      className={styles.sort}
                      onClick={() => {
                        const isUp = isSorted && sort.direction === 'ascending';
                        onSort({ by: id, direction: isUp ? 'descending' : 'ascending' });
                      }}
                    >
                      {header}
                      {isSorted &&
                        (sort.direction === 'ascending' ? (
                          <ArrowUp aria-hidden />
                        ) : (
                          <ArrowDown aria-hidden />
                        ))}
                    </button>
                  ) : (
                    header
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ id, header, cell, isFolded, isNumber }) => (
                <td
                  key={id}
                  data-header={header}
                  className={cx(isFolded && styles.folded, isNumber && styles.number)}
                >
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {onMore && (
        <div className={styles.more}>
          <Button isPending={isLoading} onPress={onMore}>
            {t('action.more')}
          </Button>
        </div>
      )}
    </div>
  );
};
