import { useParley } from '@parley-chat/react';
import type { Messages } from '@parley-chat/react';
import type { ChatSummary, RoomMessage } from '@parley-chat/client';
import { Message } from '@parley-chat/client';
import { memo, useState } from 'react';
import {
  Ban,
  Check,
  CheckCheck,
  Clock,
  CircleAlert,
  MoreHorizontal,
  Pin,
  Reply,
  SmilePlus,
} from 'lucide-react';
import styles from './MessageRow.module.css';
import type { Aim } from './Composer.js';
import { Attachments } from './Attachments.js';
import { MessageText } from './MessageText.js';
import {
  Avatar,
  Button,
  ConfirmDialog,
  IconButton,
  Menu,
  cx,
  toast,
  toastError,
} from '../../kit/index.js';
import { useDates, useErrorText, useText } from '../../i18n/index.js';

/** Reactions that are one click away. */
const QUICK = ['👍', '❤️', '😂', '🎉', '😮', '😢'] as const;

const StatusIcon = ({ message }: { message: RoomMessage }) => {
  const t = useText();
  if (!message.isMine) return null;
  if (message.state === 'sending') return <Clock size={14} aria-label={t('status.sending')} />;
  if (message.state === 'failed') return <CircleAlert size={14} aria-label={t('status.failed')} />;
  if (message.isHeld) return <Clock size={14} aria-label={t('status.held')} />;
  const Icon = message.status === 'sent' ? Check : CheckCheck;
  return (
    <Icon
      size={14}
      className={cx(message.status === 'read' && styles.read)}
      aria-label={t(`status.${message.status}`)}
    />
  );
};

/** The message that this one answers, in a line; it leads there. */
const Quote = ({ message, room, onJump }: Pick<MessageRowProps, 'message' | 'room' | 'onJump'>) => {
  const t = useText();
  const { replyToSeq } = message;
  if (replyToSeq === null) return null;
  const original = room.messages.find(({ seq }) => seq === replyToSeq);
  const words = original?.isDeleted ? t('message.deleted') : original?.content;
  return (
    <button
      type="button"
      className={styles.quote}
      onClick={() => {
        onJump(replyToSeq);
      }}
    >
      <b>{original?.sender?.name ?? t('message.original')}</b>
      <span dir="auto">{words === undefined || words === '' ? t('message.show') : words}</span>
    </button>
  );
};

const Reactions = ({ message, room }: Pick<MessageRowProps, 'message' | 'room'>) => {
  const t = useText();
  const { userId } = useParley();
  const counts = new Map<string, { count: number; isMine: boolean }>();
  for (const reaction of message.reactions) {
    const known = counts.get(reaction.emoji) ?? { count: 0, isMine: false };
    const isMine = known.isMine || reaction.userId === userId;
    counts.set(reaction.emoji, { count: known.count + 1, isMine });
  }
  if (counts.size === 0) return null;
  return (
    <div className={styles.reactions}>
      {[...counts].map(([emoji, { count, isMine }]) => (
        <button
          key={emoji}
          type="button"
          className={styles.reaction}
          aria-pressed={isMine}
          aria-label={t('reaction.count', { emoji, count })}
          onClick={() => {
            const change = isMine ? room.unreact : room.react;
            change(message.id, emoji).catch(toastError);
          }}
        >
          {emoji} <span>{count}</span>
        </button>
      ))}
    </div>
  );
};

export interface MessageRowProps {
  message: RoomMessage;
  chat: ChatSummary;
  room: Messages;
  /** Whether the line above is of the same person. */
  isContinued: boolean;
  onAim: (kind: Aim['kind'], message: RoomMessage) => void;
  onJump: (seq: number) => void;
}

const Actions = ({
  message,
  chat,
  room,
  onAim,
}: Omit<MessageRowProps, 'isContinued' | 'onJump'>) => {
  const t = useText();
  const client = useParley();
  const [isDeleting, setDeleting] = useState<'everyone' | 'me'>();
  const messages = new Message(client, chat.id);
  const { id, content, isMine, isPinned } = message;
  const mayModerate = chat.kind !== 'direct' && chat.role !== null && chat.role !== 'member';
  const remove = (forEveryone: boolean) => room.remove(id, { forEveryone });
  return (
    <div className={styles.actions}>
      <Menu
        label={t('reaction.add')}
        actions={QUICK.map((emoji) => ({
          id: emoji,
          text: emoji,
          onAction: () => {
            room.react(id, emoji).catch(toastError);
          },
        }))}
      >
        <IconButton label={t('reaction.add')}>
          <SmilePlus size={16} aria-hidden />
        </IconButton>
      </Menu>
      <IconButton
        label={t('message.reply')}
        onPress={() => {
          onAim('reply', message);
        }}
      >
        <Reply size={16} aria-hidden />
      </IconButton>
      <Menu
        label={t('message.actions')}
        actions={[
          isMine &&
            message.messageType === 'text' && {
              id: 'edit',
              text: t('message.edit'),
              onAction: () => {
                onAim('edit', message);
              },
            },
          content !== '' && {
            id: 'copy',
            text: t('message.copy'),
            onAction: () => {
              navigator.clipboard.writeText(content).catch(toastError);
            },
          },
          {
            id: 'pin',
            text: t(isPinned ? 'message.unpin' : 'message.pin'),
            onAction: () => {
              (isPinned ? messages.unpin(id) : messages.pin(id)).catch(toastError);
            },
          },
          !isMine && {
            id: 'report',
            text: t('message.report'),
            isApart: true,
            onAction: () => {
              client
                .rest('POST', `/api/messages/${id}/report`, { reason: t('message.reportReason') })
                .then(() => {
                  toast({ text: t('message.reported') });
                })
                .catch(toastError);
            },
          },
          {
            id: 'deleteForMe',
            text: t('message.deleteForMe'),
            isDanger: true,
            isApart: isMine,
            onAction: () => {
              setDeleting('me');
            },
          },
          (isMine || mayModerate) && {
            id: 'delete',
            text: t('message.deleteForAll'),
            isDanger: true,
            onAction: () => {
              setDeleting('everyone');
            },
          },
        ]}
      >
        <IconButton label={t('message.actions')}>
          <MoreHorizontal size={16} aria-hidden />
        </IconButton>
      </Menu>
      {isDeleting && (
        <ConfirmDialog
          isOpen
          title={t('message.delete.title')}
          action={t(isDeleting === 'me' ? 'message.deleteForMe' : 'message.deleteForAll')}
          onClose={() => {
            setDeleting(undefined);
          }}
          onConfirm={() => remove(isDeleting === 'everyone')}
        >
          {t(isDeleting === 'me' ? 'message.delete.me' : 'message.delete.all')}
        </ConfirmDialog>
      )}
    </div>
  );
};

/** One message: who has said it, what, when, and how far it has come. */
export const MessageRow = memo((props: MessageRowProps) => {
  const t = useText();
  const dates = useDates();
  const errorText = useErrorText();
  const { message, chat, room, isContinued, onJump } = props;
  const [isUncovered, setUncovered] = useState(false);
  if (message.messageType === 'system') {
    return <p className={styles.system}>{message.content}</p>;
  }
  const { isMine, isDeleted, sender, state, error } = message;
  const showsSender = !isMine && chat.kind !== 'direct';
  const name = sender?.name ?? t('person.unknown');
  const isCovered = message.isFromBlocked === true && !isUncovered;
  return (
    <article
      className={cx(styles.row, isMine && styles.mine, isContinued && styles.continued)}
      aria-label={t('message.of', { name: isMine ? t('person.me') : name })}
    >
      {showsSender && (
        <span className={styles.face}>
          {!isContinued && (
            <Avatar name={name} src={sender?.avatar} seed={message.senderId} size={28} />
          )}
        </span>
      )}
      <div className={styles.stack}>
        {showsSender && !isContinued && <bdi className={styles.sender}>{name}</bdi>}
        <div className={cx(styles.bubble, state === 'failed' && styles.failed)}>
          {isCovered ? (
            <Button
              variant="quiet"
              icon={<Ban size={16} aria-hidden />}
              onPress={() => {
                setUncovered(true);
              }}
            >
              {t('message.fromBlocked')}
            </Button>
          ) : isDeleted ? (
            <i className={styles.gone}>
              {t(message.isModerated ? 'message.moderated' : 'message.deleted')}
            </i>
          ) : (
            <>
              <Quote message={message} room={room} onJump={onJump} />
              {message.forwardedFrom && (
                <span className={styles.forwarded}>{t('message.forwarded')}</span>
              )}
              <Attachments media={message.media} />
              {message.content !== '' && <MessageText text={message.content} />}
            </>
          )}
          <span className={styles.meta}>
            {message.isPinned && <Pin size={12} aria-label={t('message.pinned')} />}
            {message.isEdited && !isDeleted && <span>{t('message.edited')}</span>}
            <time dateTime={message.createdAt} title={dates.exact(message.createdAt)}>
              {dates.time(message.createdAt)}
            </time>
            <StatusIcon message={message} />
          </span>
        </div>
        {!isDeleted && !isCovered && <Reactions message={message} room={room} />}
        {state === 'failed' && (
          <p className={styles.problem} role="alert">
            {errorText(error)}
            <Button
              variant="quiet"
              onPress={() => {
                void room.retry(message);
              }}
            >
              {t('action.retry')}
            </Button>
            <Button
              variant="quiet"
              onPress={() => {
                room.discard(message).catch(toastError);
              }}
            >
              {t('action.discard')}
            </Button>
          </p>
        )}
      </div>
      {state === 'sent' && !isDeleted && !message.isHeld && !isCovered && <Actions {...props} />}
    </article>
  );
});
MessageRow.displayName = 'MessageRow';
