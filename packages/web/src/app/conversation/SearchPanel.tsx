import { useParley } from '@parley-chat/react';
import type { ChatMessage } from '@parley-chat/client';
import { useState } from 'react';
import { X } from 'lucide-react';
import styles from './SearchPanel.module.css';
import { EmptyState, ErrorState, IconButton, SearchField, Skeleton } from '../../kit/index.js';
import { useDates, useText } from '../../i18n/index.js';

type Found =
  | { state: 'none' | 'searching' }
  | { state: 'found'; messages: readonly ChatMessage[] }
  | { state: 'failed'; error: unknown };

interface SearchPanelProps {
  chatId: string;
  /** Shows the message with this number. */
  onChoose: (seq: number) => Promise<unknown>;
  onClose: () => void;
}

/** Looks for words in a chat; a find leads to its place. */
export const SearchPanel = ({ chatId, onChoose, onClose }: SearchPanelProps) => {
  const t = useText();
  const dates = useDates();
  const client = useParley();
  const [words, setWords] = useState('');
  const [found, setFound] = useState<Found>({ state: 'none' });
  const search = () => {
    if (words.trim() === '') return;
    setFound({ state: 'searching' });
    client
      .room(chatId)
      .search(words.trim())
      .then(
        ({ data }) => {
          setFound({ state: 'found', messages: data });
        },
        (error: unknown) => {
          setFound({ state: 'failed', error });
        },
      );
  };
  return (
    <section className={styles.panel} aria-label={t('search.title')}>
      <div className={styles.line}>
        <SearchField
          label={t('search.words')}
          value={words}
          onChange={setWords}
          onSubmit={search}
          autoFocus
        />
        <IconButton label={t('action.close')} onPress={onClose}>
          <X aria-hidden />
        </IconButton>
      </div>
      <div className={styles.finds} aria-live="polite">
        {found.state === 'searching' && <Skeleton shape="line" count={3} />}
        {found.state === 'failed' && <ErrorState error={found.error} onRetry={search} />}
        {found.state === 'found' && found.messages.length === 0 && (
          <EmptyState title={t('state.notFound')} />
        )}
        {found.state === 'found' &&
          found.messages.map((message) => (
            <button
              key={message.id}
              type="button"
              className={styles.find}
              onClick={() => {
                void onChoose(message.seq).then(onClose);
              }}
            >
              <span className={styles.who}>
                <bdi>{message.sender?.name ?? t('person.unknown')}</bdi>
                <time dateTime={message.createdAt}>{dates.short(message.createdAt)}</time>
              </span>
              <span dir="auto" className={styles.text}>
                {message.content}
              </span>
            </button>
          ))}
      </div>
    </section>
  );
};
