import { ParleyProvider } from '@parley-chat/react';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Chat } from './Chat';
import './chat.css';

const PARLEY_URL = import.meta.env.VITE_PARLEY_URL ?? 'http://localhost:8000';

/** Asks your server for a token of whoever is signed in to your product. */
const fetchToken = async (user: string): Promise<string> => {
  const response = await fetch(`/chat-token?user=${encodeURIComponent(user)}`);
  if (!response.ok) throw new Error(`No token: ${response.status}`);
  return response.text();
};

/** Your product knows who is there; this page asks. */
const App = () => {
  const [user, setUser] = useState('');
  if (user === '') {
    return (
      <form action={(form) => setUser(String(form.get('user')).trim())}>
        <input
          name="user"
          aria-label="Your user id"
          placeholder="Who are you?"
          autoFocus
          required
        />
        <button>Sign in</button>
      </form>
    );
  }
  return (
    <ParleyProvider key={user} url={PARLEY_URL} getToken={() => fetchToken(user)}>
      <Chat />
    </ParleyProvider>
  );
};

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
