import type { ReactNode } from 'react';
import { CircleAlert } from 'lucide-react';
import { Button } from './Button.js';
import { VisuallyHidden } from './Badge.js';
import styles from './States.module.css';
import { cx } from './cx.js';
import { useErrorText, useText } from '../i18n/index.js';

export interface EmptyStateProps {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  /** The next step. */
  action?: ReactNode;
}

/** Nothing is here, and what can be done about it. */
export const EmptyState = ({ icon, title, children, action }: EmptyStateProps) => (
  <div className={styles.state}>
    {icon !== undefined && (
      <span className={styles.icon} aria-hidden>
        {icon}
      </span>
    )}
    <p className={styles.title}>{title}</p>
    {children !== undefined && <p className={styles.text}>{children}</p>}
    {action}
  </div>
);

export interface ErrorStateProps {
  /** What was thrown: its text is that of its `code`. */
  error: unknown;
  onRetry?: () => void;
}

/** It did not work: what has happened, and once more. */
export const ErrorState = ({ error, onRetry }: ErrorStateProps) => {
  const t = useText();
  const errorText = useErrorText();
  return (
    <div className={styles.state} role="alert">
      <span className={cx(styles.icon, styles.bad)} aria-hidden>
        <CircleAlert />
      </span>
      <p className={styles.title}>{errorText(error)}</p>
      {onRetry && <Button onPress={onRetry}>{t('action.retry')}</Button>}
    </div>
  );
};

export interface SkeletonProps {
  /** `row`: an entry of a list. `line`: a line of text. `block`: a picture or a panel. */
  shape?: 'row' | 'line' | 'block';
  count?: number;
}

/** Stands where something is being fetched, as high as that will be. */
export const Skeleton = ({ shape = 'line', count = 1 }: SkeletonProps) => {
  const t = useText();
  return (
    <div className={styles.skeletons} role="status">
      <VisuallyHidden>{t('state.loading')}</VisuallyHidden>
      {Array.from({ length: count }, (_, index) => (
        <span key={index} className={cx(styles.skeleton, styles[shape])} aria-hidden />
      ))}
    </div>
  );
};
