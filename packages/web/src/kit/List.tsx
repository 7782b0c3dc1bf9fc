import type { ReactNode } from 'react';
import styles from './List.module.css';

export interface ListRowProps {
  start?: ReactNode;
  title: ReactNode;
  text?: ReactNode;
  /** Badges, switches or buttons at its end. */
  end?: ReactNode;
}

/** Rows below each other. */
export const List = ({ label, children }: { label: string; children: ReactNode }) => (
  <ul className={styles.list} aria-label={label}>
    {children}
  </ul>
);

/** One row of a list: a picture, two lines, and what belongs at its end. */
export const ListRow = ({ start, title, text, end }: ListRowProps) => (
  <li className={styles.row}>
    {start}
    <span className={styles.middle}>
      <span className={styles.title}>{title}</span>
      {text !== undefined && <span className={styles.text}>{text}</span>}
    </span>
    {end !== undefined && <span className={styles.end}>{end}</span>}
  </li>
);
