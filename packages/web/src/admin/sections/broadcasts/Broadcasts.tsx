import { useParley } from '@parley-chat/react';
import { useState } from 'react';
import styles from '../Section.module.css';
import { useRows } from '../../use-rows.js';
import {
  Badge,
  Button,
  ConfirmDialog,
  EmptyState,
  ErrorState,
  Field,
  Table,
} from '../../../kit/index.js';
import { useDates, useText } from '../../../i18n/index.js';

interface Broadcast {
  id: string;
  message: string;
  senderName: string | null;
  status: 'scheduled' | 'sent' | 'cancelled';
  scheduledAt: string;
}

const PAGE = 20;

/** Messages to everybody: written now or for later, and taken back as long as they have not gone out. */
const Broadcasts = () => {
  const t = useText();
  const dates = useDates();
  const client = useParley();
  const [message, setMessage] = useState('');
  const [time, setTime] = useState('');
  const [asked, setAsked] = useState<'send' | Broadcast>();
  const { rows, isLoading, error, more, reload } = useRows<Broadcast>((known) => {
    const page = Math.floor(known.length / PAGE) + 1;
    return `/api/admin/broadcasts?page=${page}&limit=${PAGE}`;
  });
  const send = async (): Promise<void> => {
    const scheduledAt = time === '' ? {} : { scheduledAt: new Date(time).toISOString() };
    await client.rest('POST', '/api/admin/broadcasts', { message, ...scheduledAt });
    setMessage('');
    setTime('');
    reload();
  };
  const cancel = async ({ id }: Broadcast): Promise<void> => {
    await client.rest('POST', `/api/admin/broadcasts/${id}/cancel`);
    reload();
  };
  const close = () => {
    setAsked(undefined);
  };
  return (
    <>
      <h1>{t('broadcasts.title')}</h1>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          setAsked('send');
        }}
      >
        <Field label={t('broadcasts.message')} value={message} onChange={setMessage} rows={4} />
        <Field
          label={t('broadcasts.time')}
          hint={t('broadcasts.timeHint')}
          type="datetime-local"
          value={time}
          onChange={setTime}
        />
        <Button variant="primary" type="submit" isDisabled={message.trim() === ''}>
          {t('broadcasts.send')}
        </Button>
      </form>
      {error === undefined ? (
        <Table
          label={t('broadcasts.title')}
          rows={rows}
          keyOf={({ id }) => id}
          isLoading={isLoading}
          onMore={more}
          empty={<EmptyState title={t('broadcasts.none')} />}
          columns={[
            {
              id: 'message',
              header: t('broadcasts.message'),
              cell: (row) => <bdi>{row.message}</bdi>,
            },
            {
              id: 'status',
              header: t('broadcasts.status'),
              cell: ({ status }) => (
                <Badge tone={status === 'scheduled' ? 'warning' : 'quiet'}>
                  {t('broadcasts.state', { status })}
                </Badge>
              ),
            },
            {
              id: 'time',
              header: t('broadcasts.when'),
              cell: ({ scheduledAt }) => (
                <time dateTime={scheduledAt} title={dates.exact(scheduledAt)}>
                  {dates.short(scheduledAt)}
                </time>
              ),
            },
            {
              id: 'actions',
              header: t('people.actions'),
              cell: (row) =>
                row.status === 'scheduled' && (
                  <Button
                    variant="danger"
                    onPress={() => {
                      setAsked(row);
                    }}
                  >
                    {t('broadcasts.cancel')}
                  </Button>
                ),
            },
          ]}
        />
      ) : (
        <ErrorState error={error} onRetry={reload} />
      )}
      {asked === 'send' && (
        <ConfirmDialog
          isOpen
          title={t('broadcasts.send.title')}
          action={t('broadcasts.send')}
          isDanger={false}
          onClose={close}
          onConfirm={send}
        >
          <bdi>{message}</bdi>
        </ConfirmDialog>
      )}
      {asked !== undefined && asked !== 'send' && (
        <ConfirmDialog
          isOpen
          title={t('broadcasts.cancel.title')}
          action={t('broadcasts.cancel')}
          onClose={close}
          onConfirm={() => cancel(asked)}
        >
          <bdi>{asked.message}</bdi>
        </ConfirmDialog>
      )}
    </>
  );
};

export default Broadcasts;
