import { useParley, useSession } from '@parley-chat/react';
import { useState } from 'react';
import { MoreVertical } from 'lucide-react';
import styles from '../Section.module.css';
import { useRows } from '../../use-rows.js';
import {
  Badge,
  ConfirmDialog,
  EmptyState,
  ErrorState,
  IconButton,
  Menu,
  SearchField,
  Table,
} from '../../../kit/index.js';
import { useDates, useText } from '../../../i18n/index.js';

/** An account as admins see it. */
interface Account {
  id: string;
  username: string;
  name: string;
  email: string | null;
  role: 'user' | 'admin';
  isActive: boolean;
  createdAt: string;
}

type Action = 'endLogins' | 'deactivate' | 'reactivate' | 'makeAdmin' | 'endAdmin';

const PAGE = 50;

/** All accounts: who may do what, and who is shut out. */
const People = () => {
  const t = useText();
  const dates = useDates();
  const client = useParley();
  const { userId } = useSession();
  const [words, setWords] = useState('');
  const [asked, setAsked] = useState<{ action: Action; account: Account }>();
  const { rows, isLoading, error, more, reload } = useRows<Account>((known) => {
    const page = Math.floor(known.length / PAGE) + 1;
    const query = new URLSearchParams({ page: String(page), limit: String(PAGE) });
    if (words.trim() !== '') query.set('q', words.trim());
    return `/api/admin/users?${query.toString()}`;
  });
  const change = async (): Promise<void> => {
    const { action, account } = asked!;
    const path = `/api/admin/users/${account.id}`;
    const calls: Record<Action, () => Promise<unknown>> = {
      endLogins: () => client.rest('POST', `${path}/logout-all`),
      deactivate: () => client.rest('POST', `${path}/deactivate`),
      reactivate: () => client.rest('POST', `${path}/reactivate`),
      makeAdmin: () => client.rest('PUT', `${path}/role`, { role: 'admin' }),
      endAdmin: () => client.rest('PUT', `${path}/role`, { role: 'user' }),
    };
    await calls[action]();
    reload();
  };
  const ask = (action: Action, account: Account, isDanger = false) => ({
    id: action,
    text: t(`people.${action}`),
    isDanger,
    onAction: () => {
      setAsked({ action, account });
    },
  });
  return (
    <>
      <h1>{t('people.title')}</h1>
      <div className={styles.tools}>
        <SearchField label={t('people.find')} value={words} onChange={setWords} />
      </div>
      {error === undefined ? (
        <Table
          label={t('people.title')}
          rows={rows}
          keyOf={({ id }) => id}
          isLoading={isLoading}
          onMore={more}
          empty={<EmptyState title={t('people.none')} />}
          columns={[
            {
              id: 'name',
              header: t('people.name'),
              cell: ({ name, username }) => (
                <>
                  <bdi>{name}</bdi> <span className={styles.quiet}>@{username}</span>
                </>
              ),
            },
            {
              id: 'email',
              header: t('people.email'),
              cell: ({ email }) => email ?? '–',
              isFolded: true,
            },
            {
              id: 'state',
              header: t('people.state'),
              cell: ({ role, isActive }) => (
                <>
                  {role === 'admin' && <Badge tone="accent">{t('people.admin')}</Badge>}{' '}
                  {!isActive && <Badge tone="danger">{t('people.closed')}</Badge>}
                </>
              ),
            },
            {
              id: 'since',
              header: t('people.since'),
              cell: ({ createdAt }) => (
                <time dateTime={createdAt} title={dates.exact(createdAt)}>
                  {dates.date(createdAt)}
                </time>
              ),
              isFolded: true,
            },
            {
              id: 'actions',
              header: t('people.actions'),
              cell: (account) => (
                <Menu
                  label={t('people.actionsFor', { name: account.name })}
                  actions={[
                    ask('endLogins', account),
                    account.role === 'admin' && account.id !== userId && ask('endAdmin', account),
                    account.role === 'user' && ask('makeAdmin', account),
                    !account.isActive && ask('reactivate', account),
                    account.isActive &&
                      account.id !== userId && {
                        ...ask('deactivate', account, true),
                        isApart: true,
                      },
                  ]}
                >
                  <IconButton label={t('people.actionsFor', { name: account.name })}>
                    <MoreVertical aria-hidden />
                  </IconButton>
                </Menu>
              ),
            },
          ]}
        />
      ) : (
        <ErrorState error={error} onRetry={reload} />
      )}
      {asked && (
        <ConfirmDialog
          isOpen
          title={t(`people.${asked.action}.title`, { name: asked.account.name })}
          action={t(`people.${asked.action}`)}
          isDanger={asked.action === 'deactivate' || asked.action === 'endLogins'}
          onClose={() => {
            setAsked(undefined);
          }}
          onConfirm={change}
        >
          {t(`people.${asked.action}.text`)}
        </ConfirmDialog>
      )}
    </>
  );
};

export default People;
