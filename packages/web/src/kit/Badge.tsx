import type { ReactNode } from 'react';
import styles from './Badge.module.css';
import { cx } from './cx.js';

export interface BadgeProps {
  tone?: 'accent' | 'quiet' | 'danger' | 'warning' | 'success';
  /** Said instead of what is shown, as "3 unread messages" for "3". */
  label?: string;
  children: ReactNode;
}

/** A number or a word beside something. */
export const Badge = ({ tone = 'quiet', label, children }: BadgeProps) => (
  <span className={cx(styles.badge, styles[tone])}>
    {label === undefined ? (
      children
    ) : (
      <>
        <span aria-hidden>{children}</span>
        <span className={styles.hidden}>{label}</span>
      </>
    )}
  </span>
);

/** What only screen readers are told. */
export const VisuallyHidden = ({ children }: { children: ReactNode }) => (
  <span className={styles.hidden}>{children}</span>
);
