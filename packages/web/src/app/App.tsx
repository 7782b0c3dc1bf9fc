import { useChats, useSession } from '@parley-chat/react';
import { Router } from 'wouter';
import { useText } from '../i18n/index.js';
import { Button, EmptyState, Skeleton } from '../kit/index.js';
import { useSignOut } from '../session/index.js';

/** The chat client. */
export const App = () => {
  const t = useText();
  const { user } = useSession();
  const { isLoaded, active } = useChats();
  const signOut = useSignOut();
  return (
    <Router base="/app">
      <main>
        {isLoaded ? (
          <EmptyState
            title={t('chats.empty', { name: user?.name, count: active.length })}
            action={<Button onPress={signOut}>{t('action.signOut')}</Button>}
          />
        ) : (
          <Skeleton shape="row" count={6} />
        )}
      </main>
    </Router>
  );
};
