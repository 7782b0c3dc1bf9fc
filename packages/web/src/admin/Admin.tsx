import { useSession } from '@parley-chat/react';
import { Suspense } from 'react';
import { ShieldOff } from 'lucide-react';
import { Link, Redirect, Route, Router, Switch } from 'wouter';
import styles from './Admin.module.css';
import { SECTIONS } from './sections/index.js';
import { useText } from '../i18n/index.js';
import { Button, EmptyState, Skeleton } from '../kit/index.js';
import { useSignOut } from '../session/index.js';

/** The admin console: a section per address. */
export const Admin = () => {
  const t = useText();
  const { status, user } = useSession();
  const signOut = useSignOut();
  if (status !== 'signed-in') return <Skeleton shape="row" count={6} />;
  if (user?.role !== 'admin') {
    return (
      <EmptyState
        icon={<ShieldOff />}
        title={t('admin.noRight')}
        action={<Button onPress={signOut}>{t('action.signOut')}</Button>}
      />
    );
  }
  return (
    <Router base="/admin">
      <div className={styles.page}>
        <nav className={styles.nav} aria-label={t('admin.sections')}>
          {SECTIONS.map(({ path, name, icon: Icon }) => (
            <Link
              key={path}
              href={path}
              className={(isActive) =>
                isActive ? `${styles.link} ${styles.active}` : styles.link!
              }
            >
              <Icon aria-hidden />
              {t(name)}
            </Link>
          ))}
        </nav>
        <main className={styles.main}>
          <Suspense fallback={<Skeleton shape="row" count={6} />}>
            <Switch>
              {SECTIONS.map(({ path, Section }) => (
                <Route key={path} path={path} nest>
                  <Section />
                </Route>
              ))}
              <Route>
                <Redirect to={SECTIONS[0]!.path} />
              </Route>
            </Switch>
          </Suspense>
        </main>
      </div>
    </Router>
  );
};
