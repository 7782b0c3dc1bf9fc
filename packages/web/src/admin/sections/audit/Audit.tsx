import type { Person } from '@parley-chat/client';
import { useState } from 'react';
import styles from '../Section.module.css';
import { useRows } from '../../use-rows.js';
import { Badge, EmptyState, ErrorState, SearchField, Table } from '../../../kit/index.js';
import { useDates, useText } from '../../../i18n/index.js';

interface AuditEvent {
  id: string;
  actor: Person | null;
  action: string;
  subject: string;
  outcome: 'begun' | 'done' | 'failed';
  at: string;
}

/** What admins and moderators have done, and logins. */
const Audit = () => {
  const t = useText();
  const dates = useDates();
  const [words, setWords] = useState('');
  const [action, setAction] = useState('');
  const { rows, isLoading, error, more, reload } = useRows<AuditEvent>((known) => {
    const query = new URLSearchParams({ limit: '50' });
    if (action !== '') query.set('action', action);
    const last = known.at(-1);
    if (last) query.set('before', last.id);
    return `/api/admin/audit?${query.toString()}`;
  });
  return (
    <>
      <h1>{t('audit.title')}</h1>
      <div className={styles.tools}>
        <SearchField
          label={t('audit.action')}
          placeholder="users."
          value={words}
          onChange={(value) => {
            setWords(value);
            if (value === '') setAction('');
          }}
          onSubmit={(value) => {
            setAction(value.trim());
          }}
        />
      </div>
      {error === undefined ? (
        <Table
          label={t('audit.title')}
          rows={rows}
          keyOf={({ id }) => id}
          isLoading={isLoading}
          onMore={more}
          empty={<EmptyState title={t('state.nothing')} />}
          columns={[
            {
              id: 'at',
              header: t('audit.at'),
              cell: ({ at }) => (
                <time dateTime={at} title={dates.exact(at)}>
                  {dates.day(at)} {dates.time(at)}
                </time>
              ),
            },
            {
              id: 'actor',
              header: t('audit.actor'),
              cell: ({ actor }) => <bdi>{actor?.name ?? t('audit.system')}</bdi>,
            },
            { id: 'action', header: t('audit.action'), cell: (row) => <code>{row.action}</code> },
            {
              id: 'subject',
              header: t('audit.subject'),
              cell: ({ subject }) => <bdi>{subject}</bdi>,
              isFolded: true,
            },
            {
              id: 'outcome',
              header: t('audit.outcome'),
              cell: ({ outcome }) => (
                <Badge tone={outcome === 'failed' ? 'danger' : 'quiet'}>
                  {t('audit.result', { outcome })}
                </Badge>
              ),
            },
          ]}
        />
      ) : (
        <ErrorState error={error} onRetry={reload} />
      )}
    </>
  );
};

export default Audit;
