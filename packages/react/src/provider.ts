import { ChatClient } from '@parley-chat/client';
import type { ChatClientOptions } from '@parley-chat/client';
import type { ReactElement, ReactNode } from 'react';
import { createContext, createElement, useContext, useEffect, useRef, useState } from 'react';
import { hold } from './hold.js';

const ParleyContext = createContext<ChatClient | undefined>(undefined);

/** A client of the application's, which connects and disconnects it. */
export interface GivenClientProps {
  client: ChatClient;
  children?: ReactNode;
}

/** What the provider makes a client of. It is connected while the provider is mounted. */
export interface OwnClientProps {
  /** Base of the server, as in `https://chat.example.com`. */
  url: string;
  /** Answers a token of the user; called before each connection and when a token has run out. */
  getToken: NonNullable<ChatClientOptions['getToken']>;
  /** What else the client takes. Looked at once, when the client is made. */
  options?: Omit<ChatClientOptions, 'getToken'>;
  children?: ReactNode;
}

/**
 * Gives its components a client. For another user give it another `key`: then there is a new client, and nothing
 * of the former user is left.
 *
 * @example
 * <ParleyProvider key={userId} url="https://chat.example.com" getToken={fetchToken}>
 */
export const ParleyProvider = (props: GivenClientProps | OwnClientProps): ReactElement =>
  'client' in props
    ? createElement(ParleyContext.Provider, { value: props.client }, props.children)
    : createElement(OwnClientProvider, { ...props, key: props.url });

const OwnClientProvider = ({ url, getToken, options, children }: OwnClientProps) => {
  const newest = useRef(getToken);
  useEffect(() => {
    newest.current = getToken;
  }, [getToken]);
  const [client] = useState(
    () => new ChatClient(url, { ...options, getToken: (...args) => newest.current(...args) }),
  );
  useEffect(
    () =>
      hold(client, 'connection', {
        open: () => {
          // Why it was refused is in the session's state.
          client.connect().catch(() => undefined);
        },
        close: () => {
          client.disconnect();
        },
      }),
    [client],
  );
  return createElement(ParleyContext.Provider, { value: client }, children);
};

/**
 * The client of the nearest `ParleyProvider`, for everything that has no hook.
 *
 * @throws {Error} outside of a provider.
 */
export const useParley = (): ChatClient => {
  const client = useContext(ParleyContext);
  if (!client) throw new Error('A hook of @parley-chat/react needs a <ParleyProvider> around it');
  return client;
};
