import type { ChatSummary, RoomMessage } from '@parley-chat/client';
import type { Messages } from '@parley-chat/react';
import { useMemo, useRef, useState } from 'react';
import { ArrowDown } from 'lucide-react';
import { Virtuoso } from 'react-virtuoso';
import type { VirtuosoHandle } from 'react-virtuoso';
import styles from './MessageList.module.css';
import type { Aim } from './Composer.js';
import { MessageRow } from './MessageRow.js';
import { Button, EmptyState } from '../../kit/index.js';
import { useDates, useText } from '../../i18n/index.js';

/** Messages of one person within so many milliseconds stand together. */
const TOGETHER_MS = 5 * 60_000;
/** Rows keep their numbers when older ones come before them: the first row has had this one. */
const FIRST_ROW = 1_000_000;

/** A message, and what is shown before it. */
interface Row {
  message: RoomMessage;
  /** Whether it is the first of its day. */
  isNewDay: boolean;
  /** Whether it is the first that was unread when the chat was opened. */
  isFirstUnread: boolean;
  /** Whether it goes on with what its sender has said just before. */
  isContinued: boolean;
}

const rowsOf = (messages: readonly RoomMessage[], unreadFrom: number | undefined): Row[] =>
  messages.map((message, index) => {
    const before = messages[index - 1];
    const isNewDay =
      new Date(before?.createdAt ?? 0).toDateString() !==
      new Date(message.createdAt).toDateString();
    const isFirstUnread = unreadFrom !== undefined && message.seq === unreadFrom;
    const apart = Date.parse(message.createdAt) - Date.parse(before?.createdAt ?? '');
    const isContinued =
      !isNewDay &&
      !isFirstUnread &&
      before?.senderId === message.senderId &&
      before.messageType !== 'system' &&
      apart < TOGETHER_MS;
    return { message, isNewDay, isFirstUnread, isContinued };
  });

/** Keeps the last message off what stands below the list. */
const End = () => <div className={styles.end} />;

interface MessageListProps {
  chat: ChatSummary;
  room: Messages;
  onAim: (kind: Aim['kind'], message: RoomMessage) => void;
}

/** What was said, from the first unread message on; older messages come as one scrolls up. */
export const MessageList = ({ chat, room, onAim }: MessageListProps) => {
  const t = useText();
  const dates = useDates();
  const list = useRef<VirtuosoHandle>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  // As it was when the chat was opened: reading it does not move the line.
  const [unreadFrom] = useState(() =>
    chat.unreadCount > 0
      ? room.messages.find(({ seq, isMine }) => seq > chat.lastReadSeq && !isMine)?.seq
      : undefined,
  );
  const rows = useMemo(() => rowsOf(room.messages, unreadFrom), [room.messages, unreadFrom]);
  // Rows that came before the first ones have smaller numbers.
  const [anchor] = useState(() => rows[0]?.message.key);
  const before = Math.max(
    rows.findIndex(({ message }) => message.key === anchor),
    0,
  );
  const firstUnread = rows.findIndex(({ isFirstUnread }) => isFirstUnread);
  const jumpTo = (seq: number) => {
    const index = room.messages.findIndex((message) => message.seq === seq);
    if (index >= 0) list.current?.scrollToIndex({ index, align: 'center' });
    else void room.loadAround(seq);
  };
  const toEnd = () => {
    void room.showNewest().then(() => {
      list.current?.scrollToIndex({ index: 'LAST', align: 'end' });
    });
  };
  if (rows.length === 0) {
    return (
      <div className={styles.list}>
        <EmptyState title={t('chat.empty', { name: chat.title })} />
      </div>
    );
  }
  return (
    <div className={styles.list} role="log" aria-label={t('messages.title')}>
      <Virtuoso
        ref={list}
        className={styles.scroller!}
        data={rows}
        firstItemIndex={FIRST_ROW - before}
        initialTopMostItemIndex={
          firstUnread >= 0 ? { index: firstUnread, align: 'start' } : rows.length - 1
        }
        alignToBottom
        components={{ Footer: End }}
        followOutput={(isAtBottom) => (isAtBottom ? 'auto' : false)}
        atBottomStateChange={setAtEnd}
        atBottomThreshold={80}
        startReached={() => {
          if (room.hasOlder && !room.isLoading) void room.loadOlder();
        }}
        endReached={() => {
          if (room.hasNewer && !room.isLoading) void room.loadNewer();
        }}
        computeItemKey={(_, { message }) => message.key}
        itemContent={(_, { message, isNewDay, isFirstUnread, isContinued }) => (
          <div className={styles.item}>
            {isNewDay && <p className={styles.day}>{dates.day(message.createdAt)}</p>}
            {isFirstUnread && <p className={styles.unread}>{t('messages.new')}</p>}
            <MessageRow
              message={message}
              chat={chat}
              room={room}
              isContinued={isContinued}
              onAim={onAim}
              onJump={jumpTo}
            />
          </div>
        )}
      />
      {(!isAtEnd || room.hasNewer) && (
        <div className={styles.jump}>
          <Button icon={<ArrowDown size={16} aria-hidden />} onPress={toEnd}>
            {chat.unreadCount > 0
              ? t('messages.toNewestWith', { count: chat.unreadCount })
              : t('messages.toNewest')}
          </Button>
        </div>
      )}
    </div>
  );
};
