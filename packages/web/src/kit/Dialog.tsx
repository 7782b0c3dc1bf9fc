import { useState } from 'react';
import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { X } from 'lucide-react';
import { Button, IconButton } from './Button.js';
import styles from './Dialog.module.css';
import { cx } from './cx.js';
import { useErrorText, useText } from '../i18n/index.js';

export interface DialogProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  /** `small` for a question, `medium` for a form, `large` for a list. */
  size?: 'small' | 'medium' | 'large';
  /** Asks something that must be answered: no click beside it closes it. */
  isAlert?: boolean;
  /** Buttons at its end, the safe one first. */
  actions?: ReactNode;
  children?: ReactNode;
}

/** A window over the page, which keeps the keyboard to itself until it is closed. */
export const Dialog = ({
  title,
  isOpen,
  onClose,
  size = 'medium',
  isAlert = false,
  actions,
  children,
}: DialogProps) => {
  const t = useText();
  return (
    <ModalOverlay
      className={styles.overlay!}
      isOpen={isOpen}
      isDismissable={!isAlert}
      onOpenChange={(isNowOpen) => {
        if (!isNowOpen) onClose();
      }}
    >
      <Modal className={cx(styles.modal, styles[size])}>
        <AriaDialog className={styles.dialog!} role={isAlert ? 'alertdialog' : 'dialog'}>
          <header className={styles.header}>
            <Heading slot="title" className={styles.title!}>
              {title}
            </Heading>
            {!isAlert && (
              <IconButton label={t('action.close')} onPress={onClose}>
                <X aria-hidden />
              </IconButton>
            )}
          </header>
          <div className={styles.body}>{children}</div>
          {actions !== undefined && <footer className={styles.actions}>{actions}</footer>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
};

export interface ConfirmDialogProps {
  /** The question, which names its object: "Delete the message of Ada?". */
  title: string;
  /** What follows, and whether it can be undone. */
  children: ReactNode;
  /** The verb of the button: "Delete message". */
  action: string;
  isDanger?: boolean;
  isOpen: boolean;
  onClose: () => void;
  /** Does it; the dialog stays open, and says why, when it rejects. */
  onConfirm: () => Promise<unknown>;
}

/** Asks before something is done that takes something away. */
export const ConfirmDialog = ({
  title,
  children,
  action,
  isDanger = true,
  isOpen,
  onClose,
  onConfirm,
}: ConfirmDialogProps) => {
  const t = useText();
  const errorText = useErrorText();
  const [isPending, setPending] = useState(false);
  const [error, setError] = useState<unknown>();
  const close = () => {
    setError(undefined);
    onClose();
  };
  const confirm = () => {
    setPending(true);
    setError(undefined);
    onConfirm()
      .then(close, setError)
      .finally(() => {
        setPending(false);
      });
  };
  return (
    <Dialog
      title={title}
      isOpen={isOpen}
      onClose={close}
      size="small"
      isAlert
      actions={
        <>
          <Button onPress={close}>{t('action.cancel')}</Button>
          <Button variant={isDanger ? 'danger' : 'primary'} isPending={isPending} onPress={confirm}>
            {action}
          </Button>
        </>
      }
    >
      <div className={styles.text}>{children}</div>
      {error !== undefined && (
        <p className={styles.error} role="alert">
          {errorText(error)}
        </p>
      )}
    </Dialog>
  );
};
