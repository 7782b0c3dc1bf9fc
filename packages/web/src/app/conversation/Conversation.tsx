import { useChat, useMessages, usePresence, useTyping } from '@parley-chat/react';
import { useParley } from '@parley-chat/react';
import type { ChatSummary, RoomMessage } from '@parley-chat/client';
import { useState } from 'react';
import { ArrowLeft, MessageCircleOff, MoreVertical, Search } from 'lucide-react';
import { Link, useLocation } from 'wouter';
import styles from './Conversation.module.css';
import { Composer } from './Composer.js';
import type { Aim } from './Composer.js';
import { MessageList } from './MessageList.js';
import { SearchPanel } from './SearchPanel.js';
import {
  Avatar,
  Button,
  ConfirmDialog,
  EmptyState,
  IconButton,
  Menu,
  toastError,
} from '../../kit/index.js';
import { useDates, useText } from '../../i18n/index.js';

/** For as good as always: a chat is muted until somebody ends that. */
const FOR_EVER = '9999-12-31T00:00:00.000Z';

/** Who types, or whether the other one is there, or how many members there are. */
const Subtitle = ({ chat }: { chat: ChatSummary }) => {
  const t = useText();
  const dates = useDates();
  const { typing } = useTyping(chat.id);
  const { status, lastSeen } = usePresence(chat.otherUser?.id ?? '');
  if (typing.length > 0) {
    return (
      <span className={styles.live}>
        {t('typing', { name: typing[0]!.name, count: typing.length })}
      </span>
    );
  }
  if (chat.kind !== 'direct') return <>{t('chat.members', { count: chat.memberCount })}</>;
  if (status !== 'offline') return <>{t(`presence.${status}`)}</>;
  return (
    <>{lastSeen ? t('presence.lastSeen', { ago: dates.ago(lastSeen) }) : t('presence.offline')}</>
  );
};

type Question = 'block' | 'delete' | 'leave';

const Header = ({ chat, onSearch }: { chat: ChatSummary; onSearch: () => void }) => {
  const t = useText();
  const client = useParley();
  const [, go] = useLocation();
  const [question, setQuestion] = useState<Question>();
  const room = client.room(chat.id);
  const { isMuted, isPinned, isArchived, isBlocked, title } = chat;
  const isDirect = chat.kind === 'direct';
  const does = (work: () => Promise<unknown>) => () => {
    work().catch(toastError);
  };
  const answers: Record<Question, () => Promise<unknown>> = {
    block: () => room.block(),
    delete: () => room.delete(),
    leave: () => client.rest('DELETE', `/api/chats/${chat.id}/members/${client.userId}`),
  };
  return (
    <header className={styles.header}>
      <Link href="/" className={styles.back!} aria-label={t('action.back')}>
        <ArrowLeft aria-hidden />
      </Link>
      <Avatar
        name={title}
        seed={chat.otherUser?.id ?? chat.id}
        src={chat.otherUser?.avatar ?? chat.picture}
      />
      <div className={styles.names}>
        <h2 className={styles.title}>
          <bdi>{title}</bdi>
        </h2>
        <p className={styles.subtitle} aria-live="polite">
          <Subtitle chat={chat} />
        </p>
      </div>
      <IconButton label={t('search.title')} onPress={onSearch}>
        <Search aria-hidden />
      </IconButton>
      <Menu
        label={t('chat.actions', { name: title })}
        actions={[
          {
            id: 'mute',
            text: t(isMuted ? 'chat.unmute' : 'chat.mute'),
            onAction: does(() => room.setSettings({ mutedUntil: isMuted ? null : FOR_EVER })),
          },
          {
            id: 'pin',
            text: t(isPinned ? 'chat.unpin' : 'chat.pin'),
            onAction: does(() => room.setSettings({ isPinned: !isPinned })),
          },
          {
            id: 'archive',
            text: t(isArchived ? 'chat.unarchive' : 'chat.archive'),
            onAction: does(() => (isArchived ? room.unarchive() : room.archive())),
          },
          isDirect &&
            isBlocked && {
              id: 'unblock',
              text: t('chat.unblock'),
              onAction: does(() => room.unblock()),
            },
          isDirect &&
            !isBlocked && {
              id: 'block',
              text: t('chat.block'),
              isDanger: true,
              isApart: true,
              onAction: () => {
                setQuestion('block');
              },
            },
          !isDirect && {
            id: 'leave',
            text: t('chat.leave'),
            isDanger: true,
            isApart: true,
            onAction: () => {
              setQuestion('leave');
            },
          },
          {
            id: 'delete',
            text: t('chat.delete'),
            isDanger: true,
            onAction: () => {
              setQuestion('delete');
            },
          },
        ]}
      >
        <IconButton label={t('chat.actions', { name: title })}>
          <MoreVertical aria-hidden />
        </IconButton>
      </Menu>
      {question && (
        <ConfirmDialog
          isOpen
          title={t(`chat.${question}.title`, { name: title })}
          action={t(`chat.${question}`)}
          onClose={() => {
            setQuestion(undefined);
          }}
          onConfirm={async () => {
            await answers[question]();
            if (question !== 'block') go('/');
          }}
        >
          {t(`chat.${question}.text`)}
        </ConfirmDialog>
      )}
    </header>
  );
};

/** Asks whether the chat that somebody has asked for is welcome. */
const RequestBar = ({ chat }: { chat: ChatSummary }) => {
  const t = useText();
  const client = useParley();
  const [, go] = useLocation();
  const room = client.room(chat.id);
  return (
    <div className={styles.request}>
      <p>{t('request.text', { name: chat.title })}</p>
      <Button
        onPress={() => {
          room
            .reject()
            .then(() => {
              go('/');
            })
            .catch(toastError);
        }}
      >
        {t('request.reject')}
      </Button>
      <Button
        variant="primary"
        onPress={() => {
          room.accept().catch(toastError);
        }}
      >
        {t('request.accept')}
      </Button>
    </div>
  );
};

const OpenChat = ({ chat }: { chat: ChatSummary }) => {
  const t = useText();
  const messages = useMessages(chat.id, { markRead: true });
  const [aim, setAim] = useState<Aim>();
  const [isSearching, setSearching] = useState(false);
  const takeAim = (kind: Aim['kind'], message: RoomMessage) => {
    setAim({ kind, message });
  };
  const isWaiting = chat.status === 'pending' && !chat.isIncomingRequest;
  return (
    <>
      <Header
        chat={chat}
        onSearch={() => {
          setSearching(!isSearching);
        }}
      />
      {isSearching && (
        <SearchPanel
          chatId={chat.id}
          onChoose={(seq) => messages.loadAround(seq)}
          onClose={() => {
            setSearching(false);
          }}
        />
      )}
      <MessageList chat={chat} room={messages} onAim={takeAim} />
      {chat.isIncomingRequest ? (
        <RequestBar chat={chat} />
      ) : chat.isBlocked || chat.status === 'rejected' ? (
        <p className={styles.closed}>{t(chat.isBlocked ? 'chat.isBlocked' : 'request.rejected')}</p>
      ) : (
        <>
          {isWaiting && <p className={styles.closed}>{t('request.waits', { name: chat.title })}</p>}
          <Composer
            chatId={chat.id}
            room={messages}
            aim={aim}
            onDone={() => {
              setAim(undefined);
            }}
          />
        </>
      )}
    </>
  );
};

/** One chat: who is in it, what was said, and what is to be said. */
const Conversation = ({ chatId }: { chatId: string }) => {
  const t = useText();
  const chat = useChat(chatId);
  if (chat) return <OpenChat chat={chat} />;
  return (
    <EmptyState
      icon={<MessageCircleOff />}
      title={t('chat.notThere')}
      action={<Link href="/">{t('action.back')}</Link>}
    />
  );
};

export default Conversation;
