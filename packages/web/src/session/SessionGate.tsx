import { ChatClient } from '@parley-chat/client';
import type { ChatError } from '@parley-chat/client';
import { ParleyProvider } from '@parley-chat/react';
import { useEffect, useState, useSyncExternalStore } from 'react';
import type { ReactNode } from 'react';
import { loginStore } from './login-store.js';
import type { KeptLogin } from './login-store.js';
import { SignInScreens } from './SignInScreens.js';

const clientFor = ({ token, refreshToken }: KeptLogin): ChatClient =>
  new ChatClient('', token, {
    ...(refreshToken !== undefined && { refreshToken, keptTokens: loginStore.kept }),
  });

interface SignedInProps {
  login: KeptLogin;
  onEnded: (error: ChatError) => void;
  children: ReactNode;
}

const SignedIn = ({ login, onEnded, children }: SignedInProps) => {
  const [client] = useState(() => clientFor(login));
  useEffect(() => {
    const ends = [
      client.on('tokens', (tokens) => {
        loginStore.renewed(tokens);
      }),
      client.on('signed_out', onEnded),
    ];
    // Why it was refused comes as `signed_out`; everything else, it tries again by itself.
    client.connect().catch(() => undefined);
    return () => {
      for (const end of ends) end();
      client.disconnect();
    };
  }, [client, onEnded]);
  return <ParleyProvider client={client}>{children}</ParleyProvider>;
};

/** Shows what is inside it to who is signed in, with a connected client, and everybody else how to sign in. */
export const SessionGate = ({ children }: { children: ReactNode }) => {
  const login = useSyncExternalStore(loginStore.subscribe, loginStore.getSnapshot);
  const [ended, setEnded] = useState<ChatError>();
  const [end] = useState(() => (error: ChatError) => {
    setEnded(error);
    loginStore.clear();
  });
  if (!login) return <SignInScreens {...(ended && { ended })} />;
  return (
    <SignedIn key={login.userId ?? login.token} login={login} onEnded={end}>
      {children}
    </SignedIn>
  );
};
