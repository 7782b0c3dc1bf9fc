import { useSyncExternalStore } from 'react';
import { CircleAlert, CircleCheck, X } from 'lucide-react';
import { Button, IconButton } from './Button.js';
import styles from './Toast.module.css';
import { cx } from './cx.js';
import { useErrorText, useText } from '../i18n/index.js';

interface ToastContent {
  text?: string;
  /** What was thrown; its text is that of its code. */
  error?: unknown;
  /** A way back, such as "Undo". */
  action?: { text: string; onAction: () => void };
}

interface ToastEntry extends ToastContent {
  id: number;
}

/** How long one stays, in milliseconds; one with an error or an action, until somebody has had time to act. */
const STAYS_MS = 5000;
const STAYS_LONGER_MS = 10_000;
const MAX_SHOWN = 3;

let entries: readonly ToastEntry[] = [];
let nextId = 1;
const listeners = new Set<() => void>();
const change = (next: readonly ToastEntry[]): void => {
  entries = next;
  for (const listener of listeners) listener();
};
const dismiss = (id: number): void => {
  change(entries.filter((entry) => entry.id !== id));
};

/** Says shortly what has happened; an error stays longer. */
export const toast = (content: ToastContent): void => {
  const id = nextId++;
  change([...entries, { ...content, id }].slice(-MAX_SHOWN));
  const isLong = content.error !== undefined || content.action !== undefined;
  setTimeout(
    () => {
      dismiss(id);
    },
    isLong ? STAYS_LONGER_MS : STAYS_MS,
  );
};

/** For `promise.catch(toastError)`. */
export const toastError = (error: unknown): void => {
  toast({ error });
};

/** Where toasts are shown; once per page. */
export const Toasts = () => {
  const t = useText();
  const errorText = useErrorText();
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => entries,
  );
  return (
    <div className={styles.region} role="log" aria-live="polite" aria-label={t('toast.region')}>
      {shown.map(({ id, text, error, action }) => (
        <div key={id} className={cx(styles.toast, error !== undefined && styles.error)}>
          {error === undefined ? <CircleCheck aria-hidden /> : <CircleAlert aria-hidden />}
          <span className={styles.text}>{error === undefined ? text : errorText(error)}</span>
          {action && (
            <Button
              variant="quiet"
              onPress={() => {
                dismiss(id);
                action.onAction();
              }}
            >
              {action.text}
            </Button>
          )}
          <IconButton
            label={t('action.close')}
            onPress={() => {
              dismiss(id);
            }}
          >
            <X aria-hidden />
          </IconButton>
        </div>
      ))}
    </div>
  );
};
