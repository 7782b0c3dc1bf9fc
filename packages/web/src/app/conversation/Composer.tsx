import { useParley, useTyping } from '@parley-chat/react';
import type { Messages } from '@parley-chat/react';
import type { RoomMessage } from '@parley-chat/client';
import { Upload } from '@parley-chat/client/uploads';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { ClipboardEvent, DragEvent, KeyboardEvent } from 'react';
import { Paperclip, SendHorizontal, X } from 'lucide-react';
import styles from './Composer.module.css';
import { cx, IconButton, toastError } from '../../kit/index.js';
import { useErrorText, usePreferences, useText } from '../../i18n/index.js';

/** The message that the next one answers, or that is written anew. */
export interface Aim {
  kind: 'reply' | 'edit';
  message: RoomMessage;
}

/** Drafts lie in the browser, so that a reload loses none; of a page that may store nothing, they end with it. */
const drafts = {
  key: (chatId: string) => `parley:draft:${chatId}`,
  read: (chatId: string): string => {
    try {
      return localStorage.getItem(drafts.key(chatId)) ?? '';
    } catch {
      return '';
    }
  },
  write: (chatId: string, text: string): void => {
    try {
      if (text === '') localStorage.removeItem(drafts.key(chatId));
      else localStorage.setItem(drafts.key(chatId), text);
    } catch {
      // See above.
    }
  },
};

const Sending = ({ name, upload, onEnd }: { name: string; upload: Upload; onEnd: () => void }) => {
  const t = useText();
  const errorText = useErrorText();
  const { status, progress, error } = useSyncExternalStore(upload.subscribe, upload.getSnapshot);
  return (
    <li className={cx(styles.file, status === 'failed' && styles.bad)}>
      <bdi className={styles.name}>{name}</bdi>
      {status === 'failed' ? (
        <span role="alert">{errorText(error)}</span>
      ) : (
        <progress value={progress} aria-label={t('upload.progress', { name })} />
      )}
      <IconButton
        label={t('upload.cancel', { name })}
        onPress={() => {
          upload.cancel();
          onEnd();
        }}
      >
        <X size={16} aria-hidden />
      </IconButton>
    </li>
  );
};

const AimBar = ({ aim, onDone }: { aim: Aim; onDone: () => void }) => {
  const t = useText();
  const { kind, message } = aim;
  const name = message.isMine ? t('person.me') : (message.sender?.name ?? t('person.unknown'));
  return (
    <div className={styles.aim}>
      <span className={styles.name}>
        <b>{kind === 'edit' ? t('message.edit') : t('composer.replyTo', { name })}</b>{' '}
        <bdi>{message.content}</bdi>
      </span>
      <IconButton label={t('action.cancel')} onPress={onDone}>
        <X size={16} aria-hidden />
      </IconButton>
    </div>
  );
};

export interface ComposerProps {
  chatId: string;
  room: Messages;
  aim: Aim | undefined;
  /** The answer or change is sent, or not wanted any more. */
  onDone: () => void;
}

/** Where the next message is written; it loses no text, and takes files by button, drop and paste. */
export const Composer = ({ chatId, room, aim, onDone }: ComposerProps) => {
  const t = useText();
  const client = useParley();
  const { startTyping, stopTyping } = useTyping(chatId);
  const { enterSends } = usePreferences();
  const [text, setText] = useState(() => drafts.read(chatId));
  const [uploads, setUploads] = useState<readonly { id: number; name: string; upload: Upload }[]>(
    [],
  );
  const [isOver, setOver] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const nextId = useRef(0);
  const editing = aim?.kind === 'edit' ? aim.message : undefined;
  // What was being written stays as the draft while another message is changed.
  const [edited, setEdited] = useState('');
  const shown = editing ? edited : text;
  useEffect(() => {
    if (editing) setEdited(editing.content);
    if (aim) field.current?.focus();
  }, [aim, editing]);
  const change = (value: string) => {
    if (editing) {
      setEdited(value);
      return;
    }
    setText(value);
    drafts.write(chatId, value);
    if (value === '') stopTyping();
    else startTyping();
  };
  const submit = () => {
    if (shown.trim() === '') return;
    if (editing) {
      room.edit(editing.id, shown).then(onDone, toastError);
      return;
    }
    // It is in the list at once; what becomes of it is shown there.
    void room.send(shown, aim ? { replyTo: aim.message.id } : {});
    change('');
    onDone();
    void room.showNewest();
  };
  const attach = (files: Iterable<File>) => {
    for (const file of files) {
      const id = nextId.current++;
      const upload = new Upload(client, file, { chatId });
      const end = () => {
        setUploads((all) => all.filter((each) => each.id !== id));
      };
      setUploads((all) => [...all, { id, name: file.name, upload }]);
      upload.done.then(
        (media) => {
          end();
          void room.sendMedia(media.type ?? 'file', media);
        },
        // Its row says why, until somebody takes it away.
        () => undefined,
      );
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // An input method's Enter chooses a word.
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape' && aim) onDone();
    const isSending =
      event.key === 'Enter' && (enterSends ? !event.shiftKey : event.ctrlKey || event.metaKey);
    if (!isSending) return;
    event.preventDefault();
    submit();
  };
  const onPaste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    attach(event.clipboardData.files);
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    attach(event.dataTransfer.files);
  };
  return (
    <form
      className={cx(styles.composer, isOver && styles.over)}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => {
        setOver(false);
      }}
      onDrop={onDrop}
    >
      {aim && <AimBar aim={aim} onDone={onDone} />}
      {uploads.length > 0 && (
        <ul className={styles.files} aria-label={t('upload.title')}>
          {uploads.map(({ id, name, upload }) => (
            <Sending
              key={id}
              name={name}
              upload={upload}
              onEnd={() => {
                setUploads((all) => all.filter((each) => each.id !== id));
              }}
            />
          ))}
        </ul>
      )}
      <div className={styles.line}>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={({ target }) => {
            attach(target.files ?? []);
            target.value = '';
          }}
        />
        <IconButton label={t('upload.attach')} onPress={() => picker.current?.click()}>
          <Paperclip aria-hidden />
        </IconButton>
        <div className={styles.grow} data-text={`${shown}\u200b`}>
          <textarea
            ref={field}
            className={styles.field}
            dir="auto"
            rows={1}
            aria-label={t('composer.text')}
            placeholder={t('composer.text')}
            value={shown}
            onChange={({ target }) => {
              change(target.value);
            }}
            onKeyDown={onKeyDown}
            onPaste={onPaste}
          />
        </div>
        <IconButton
          label={t(editing ? 'action.save' : 'composer.send')}
          variant="primary"
          type="submit"
          isDisabled={shown.trim() === ''}
        >
          <SendHorizontal aria-hidden className={styles.icon} />
        </IconButton>
      </div>
    </form>
  );
};
