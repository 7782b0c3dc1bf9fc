import { useParley } from '@parley-chat/react';
import type { ChatClient } from '@parley-chat/client';
import { useEffect, useState } from 'react';
import styles from './Overview.module.css';
import { ErrorState, Skeleton } from '../../../kit/index.js';
import { useText } from '../../../i18n/index.js';

/** What the server says of its queues and accounts. */
interface Numbers {
  people: number;
  admins: number;
  closed: number;
  openCases: number;
  held: number;
}

/** A span of time that has all cases in it. */
const EVER = 'from=2000-01-01T00:00:00Z&to=2200-01-01T00:00:00Z';

const countOf = async (client: ChatClient, query: string): Promise<number> => {
  const { pagination } = await client.page<unknown[]>('GET', `/api/admin/users?limit=1${query}`);
  return (pagination as { total: number }).total;
};

const fetchNumbers = async (client: ChatClient): Promise<Numbers> => {
  const [people, admins, closed, cases, held] = await Promise.all([
    countOf(client, '&status=active'),
    countOf(client, '&role=admin'),
    countOf(client, '&status=deactivated'),
    client.rest<{ states: { open: number; assigned: number } }>(
      'GET',
      `/api/admin/cases/statistics?${EVER}`,
    ),
    client.rest<unknown[]>('GET', '/api/admin/held-messages?limit=100'),
  ]);
  const { open, assigned } = cases.states;
  return { people, admins, closed, openCases: open + assigned, held: held.length };
};

/** What an admin looks at first: what waits for somebody, and how many people there are. */
const Overview = () => {
  const t = useText();
  const client = useParley();
  const [numbers, setNumbers] = useState<Numbers>();
  const [error, setError] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    fetchNumbers(client).then(
      (found) => {
        if (isCurrent) setNumbers(found);
      },
      (thrown: unknown) => {
        if (isCurrent) setError(thrown);
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [client, attempt]);
  return (
    <>
      <h1>{t('admin.overview')}</h1>
      {error !== undefined && (
        <ErrorState
          error={error}
          onRetry={() => {
            setError(undefined);
            setAttempt(attempt + 1);
          }}
        />
      )}
      {error === undefined && !numbers && <Skeleton shape="block" />}
      {numbers && (
        <dl className={styles.numbers}>
          {(['openCases', 'held', 'people', 'admins', 'closed'] as const).map((name) => (
            <div key={name} className={styles.number}>
              <dt>{t(`overview.${name}`)}</dt>
              <dd>{t('overview.number', { count: numbers[name] })}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
};

export default Overview;
