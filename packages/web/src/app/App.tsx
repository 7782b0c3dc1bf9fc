import { useChats, useConnection, useUnread } from '@parley-chat/react';
import { lazy, Suspense, useEffect } from 'react';
import { MessagesSquare, WifiOff } from 'lucide-react';
import { Route, Router, Switch, useRoute } from 'wouter';
import styles from './App.module.css';
import { ChatList } from './list/ChatList.js';
import { cx, EmptyState, Skeleton } from '../kit/index.js';
import { useText } from '../i18n/index.js';
import { useNotifications } from './use-notifications.js';

// The list is there first.
const Conversation = lazy(() => import('./conversation/Conversation.js'));

/** Says that the device has no connection, and how many messages wait; quiet while there is one. */
const ConnectionBar = () => {
  const t = useText();
  const { status, queued, since } = useConnection();
  const { isLoaded } = useChats();
  // The first connection is shown by the skeleton of the list.
  if (status === 'connected' || (!isLoaded && since === 0)) return null;
  return (
    <p className={styles.bar} role="status">
      <WifiOff aria-hidden size={16} />
      {t(status === 'connecting' ? 'connection.connecting' : 'connection.offline')}
      {queued > 0 && ` ${t('connection.queued', { count: queued })}`}
    </p>
  );
};

/** The number of unread messages in the title of the page. */
const useTitleCount = (): void => {
  const { unmuted } = useUnread();
  useEffect(() => {
    document.title = unmuted > 0 ? `(${unmuted}) Parley` : 'Parley';
  }, [unmuted]);
};

const Panes = () => {
  const t = useText();
  const { isLoaded } = useChats();
  const [isOpen, params] = useRoute('/chats/:id');
  useTitleCount();
  useNotifications(params?.id);
  return (
    <div className={cx(styles.page, isOpen && styles.open)}>
      <aside className={styles.list} aria-label={t('chats.title')}>
        <ConnectionBar />
        {isLoaded ? <ChatList openId={params?.id} /> : <Skeleton shape="row" count={8} />}
      </aside>
      <main className={styles.main}>
        <Switch>
          <Route path="/chats/:id">
            {({ id }) =>
              isLoaded ? (
                <Suspense fallback={<Skeleton count={4} />}>
                  <Conversation key={id} chatId={id} />
                </Suspense>
              ) : (
                <Skeleton count={4} />
              )
            }
          </Route>
          <Route>
            <EmptyState icon={<MessagesSquare />} title={t('chats.choose')} />
          </Route>
        </Switch>
      </main>
    </div>
  );
};

/** The chat client: the list of chats, and the one that is open; on a phone one of them at a time. */
const App = () => (
  <Router base="/app">
    <Panes />
  </Router>
);

export default App;
