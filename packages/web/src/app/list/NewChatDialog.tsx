import { useParley } from '@parley-chat/react';
import type { ChatInfo, Person } from '@parley-chat/client';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import styles from './NewChatDialog.module.css';
import {
  Avatar,
  Button,
  Checkbox,
  Dialog,
  ErrorState,
  Field,
  List,
  ListRow,
  SearchField,
  toastError,
} from '../../kit/index.js';
import { useText } from '../../i18n/index.js';

/** How long somebody must have stopped to write before people are looked for, in milliseconds. */
const PAUSE_MS = 250;

/** People whose names have the words. */
const usePeople = (words: string) => {
  const client = useParley();
  const [people, setPeople] = useState<readonly Person[]>([]);
  const [error, setError] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);
  const wanted = words.trim();
  useEffect(() => {
    let isCurrent = true;
    const timer = setTimeout(() => {
      if (wanted === '') {
        setPeople([]);
        return;
      }
      client.rest<Person[]>('GET', `/api/users/search?q=${encodeURIComponent(wanted)}`).then(
        (found) => {
          if (!isCurrent) return;
          setError(undefined);
          setPeople(found);
        },
        (thrown: unknown) => {
          if (isCurrent) setError(thrown);
        },
      );
    }, PAUSE_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [client, wanted, attempt]);
  const retry = () => {
    setAttempt(attempt + 1);
  };
  return { people, error, retry, isAsked: wanted !== '' };
};

/** Finds somebody to write to, or several for a group. */
const NewChatDialog = ({ onClose }: { onClose: () => void }) => {
  const t = useText();
  const client = useParley();
  const [, go] = useLocation();
  const [words, setWords] = useState('');
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<readonly Person[]>([]);
  const { people, error, retry, isAsked } = usePeople(words);
  const [isPending, setPending] = useState(false);
  const isGroup = chosen.length > 1;
  const open = async (): Promise<ChatInfo> => {
    if (!isGroup) return client.openDirectChat(chosen[0]!.id);
    const body = { kind: 'group', name: name.trim(), memberIds: chosen.map(({ id }) => id) };
    const chat = await client.rest<ChatInfo>('POST', '/api/chats', body);
    await client.hasChat(chat.id);
    return chat;
  };
  const submit = () => {
    setPending(true);
    open()
      .then((chat) => {
        onClose();
        go(`/chats/${chat.id}`);
      })
      .catch(toastError)
      .finally(() => {
        setPending(false);
      });
  };
  const isReady = chosen.length > 0 && (!isGroup || name.trim() !== '');
  const shown = [...chosen, ...people.filter(({ id }) => chosen.every((each) => each.id !== id))];
  return (
    <Dialog
      title={t('new.title')}
      isOpen
      onClose={onClose}
      actions={
        <Button variant="primary" isDisabled={!isReady} isPending={isPending} onPress={submit}>
          {t(isGroup ? 'new.group' : 'new.chat')}
        </Button>
      }
    >
      <div className={styles.form}>
        <SearchField label={t('new.find')} value={words} onChange={setWords} autoFocus />
        {isGroup && <Field label={t('new.groupName')} value={name} onChange={setName} />}
        {error !== undefined && <ErrorState error={error} onRetry={retry} />}
        {shown.length > 0 ? (
          <List label={t('new.people')}>
            {shown.map((person) => (
              <ListRow
                key={person.id}
                start={<Avatar name={person.name} src={person.avatar} seed={person.id} />}
                title={
                  <Checkbox
                    isSelected={chosen.some(({ id }) => id === person.id)}
                    onChange={(isChosen) => {
                      setChosen(
                        isChosen
                          ? [...chosen, person]
                          : chosen.filter(({ id }) => id !== person.id),
                      );
                    }}
                  >
                    <bdi>{person.name}</bdi>
                  </Checkbox>
                }
                text={`@${person.username}`}
              />
            ))}
          </List>
        ) : (
          <p className={styles.hint}>{t(isAsked ? 'state.notFound' : 'new.hint')}</p>
        )}
      </div>
    </Dialog>
  );
};

export default NewChatDialog;
