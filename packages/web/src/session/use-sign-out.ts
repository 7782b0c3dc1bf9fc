import { useParley } from '@parley-chat/react';
import { useCallback } from 'react';
import { loginStore } from './login-store.js';

/** Ends the login of this browser, here, in its other tabs and on the server. */
export const useSignOut = (): (() => void) => {
  const client = useParley();
  return useCallback(() => {
    const { refreshToken } = loginStore.getSnapshot() ?? {};
    const told = client.rest('POST', '/api/auth/logout', refreshToken ? { refreshToken } : {});
    // Signed out here in any case; without a connection the server ends the login when it runs out.
    told
      .catch(() => undefined)
      .finally(() => {
        loginStore.clear();
      });
  }, [client]);
};
