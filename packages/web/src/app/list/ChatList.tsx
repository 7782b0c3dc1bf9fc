import { useChats, usePresence, useSession } from '@parley-chat/react';
import type { ChatSummary } from '@parley-chat/client';
import { lazy, Suspense, useState } from 'react';
import { Archive, BellOff, Pin, Settings, SquarePen, Users } from 'lucide-react';
import { Link } from 'wouter';
import styles from './ChatList.module.css';
import { Avatar, Badge, cx, EmptyState, IconButton, Button, SearchField } from '../../kit/index.js';
import { useDates, useText } from '../../i18n/index.js';

// Neither is on the first screen.
const NewChatDialog = lazy(() => import('./NewChatDialog.js'));
const SettingsDialog = lazy(() => import('./SettingsDialog.js'));

/** The newest message in a few words, or who types. */
const usePreview = ({ typing, lastMessage, kind, participants }: ChatSummary): string => {
  const t = useText();
  const { userId } = useSession();
  if (typing.length > 0) return t('typing', { name: typing[0]!.name, count: typing.length });
  if (!lastMessage) return t('chats.nothingYet');
  const { content, deleted, messageType, senderId } = lastMessage;
  if (deleted) return t('message.deleted');
  const words = content === '' ? t('media.kind', { kind: messageType }) : content;
  if (messageType === 'system') return words;
  if (senderId === userId) return t('chats.mine', { text: words });
  const sender = participants.find(({ id }) => id === senderId);
  return kind === 'direct' || !sender
    ? words
    : t('chats.theirs', { name: sender.name, text: words });
};

const ChatAvatar = ({ chat }: { chat: ChatSummary }) => {
  const { status } = usePresence(chat.otherUser?.id ?? '');
  const src = chat.otherUser?.avatar ?? chat.picture;
  return (
    <Avatar
      name={chat.title}
      seed={chat.otherUser?.id ?? chat.id}
      size={44}
      src={src}
      status={chat.otherUser ? status : undefined}
    />
  );
};

const ChatRow = ({ chat, isOpen }: { chat: ChatSummary; isOpen: boolean }) => {
  const t = useText();
  const dates = useDates();
  const preview = usePreview(chat);
  const { unreadCount, mentionCount, isMuted, isPinned, isMarkedUnread } = chat;
  return (
    <li>
      <Link
        href={`/chats/${chat.id}`}
        className={cx(styles.row, isOpen && styles.current)!}
        aria-current={isOpen ? 'page' : undefined}
      >
        <ChatAvatar chat={chat} />
        <span className={styles.middle}>
          <span className={styles.first}>
            <bdi className={styles.title}>{chat.title}</bdi>
            {isMuted && <BellOff size={14} aria-label={t('chats.muted')} />}
            <time className={styles.time} dateTime={chat.lastMessageAt}>
              {dates.short(chat.lastMessageAt)}
            </time>
          </span>
          <span className={styles.second}>
            <span dir="auto" className={cx(styles.preview, chat.typing.length > 0 && styles.live)}>
              {preview}
            </span>
            {mentionCount > 0 && <Badge tone="accent">@</Badge>}
            {unreadCount > 0 ? (
              <Badge
                tone={isMuted ? 'quiet' : 'accent'}
                label={t('chats.unread', { count: unreadCount })}
              >
                {unreadCount > 999 ? '999+' : unreadCount}
              </Badge>
            ) : (
              isMarkedUnread && (
                <Badge tone="accent" label={t('chats.markedUnread')}>
                  •
                </Badge>
              )
            )}
            {isPinned && <Pin size={14} aria-label={t('chats.pinned')} />}
          </span>
        </span>
      </Link>
    </li>
  );
};

type View = 'active' | 'requests' | 'archived';

/** All chats of the user; what is written in the field above narrows them down. */
export const ChatList = ({ openId }: { openId: string | undefined }) => {
  const t = useText();
  const { user } = useSession();
  const chats = useChats();
  const [words, setWords] = useState('');
  const [view, setView] = useState<View>('active');
  const [dialog, setDialog] = useState<'new' | 'settings'>();
  const isWanted = ({ title }: ChatSummary) =>
    title.toLocaleLowerCase().includes(words.trim().toLocaleLowerCase());
  const shown = chats[view].filter(isWanted);
  const close = () => {
    setDialog(undefined);
  };
  return (
    <>
      <header className={styles.header}>
        <h1 className={styles.heading}>{t('chats.title')}</h1>
        <IconButton
          label={t('chats.new')}
          onPress={() => {
            setDialog('new');
          }}
        >
          <SquarePen aria-hidden />
        </IconButton>
        <IconButton
          label={t('settings.title')}
          onPress={() => {
            setDialog('settings');
          }}
        >
          <Settings aria-hidden />
        </IconButton>
      </header>
      <div className={styles.tools}>
        <SearchField label={t('chats.find')} value={words} onChange={setWords} />
        <div className={styles.views} role="group" aria-label={t('chats.views')}>
          {(['active', 'requests', 'archived'] as const).map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={view === name}
              className={styles.view}
              onClick={() => {
                setView(name);
              }}
            >
              {name === 'archived' && <Archive size={14} aria-hidden />}
              {name === 'requests' && <Users size={14} aria-hidden />}
              {t(`chats.view.${name}`)}
              {name === 'requests' && chats.requests.length > 0 && (
                <Badge tone="accent">{chats.requests.length}</Badge>
              )}
            </button>
          ))}
        </div>
      </div>
      {shown.length === 0 ? (
        <EmptyState
          title={words === '' ? t(`chats.none.${view}`, { name: user?.name }) : t('state.notFound')}
          action={
            view === 'active' &&
            words === '' && (
              <Button
                variant="primary"
                onPress={() => {
                  setDialog('new');
                }}
              >
                {t('chats.new')}
              </Button>
            )
          }
        />
      ) : (
        <ul className={styles.rows} aria-label={t(`chats.view.${view}`)}>
          {shown.map((chat) => (
            <ChatRow key={chat.id} chat={chat} isOpen={chat.id === openId} />
          ))}
        </ul>
      )}
      <Suspense>
        {dialog === 'new' && <NewChatDialog onClose={close} />}
        {dialog === 'settings' && <SettingsDialog onClose={close} />}
      </Suspense>
    </>
  );
};
