import type { Person } from '@parley-chat/client';
import { useChats, useConnection, useMessages, useParley, useTyping } from '@parley-chat/react';
import { useState } from 'react';

/** The chats of whoever is signed in, and the one that is open. */
export const Chat = () => {
  const client = useParley();
  const { status, queued } = useConnection();
  const { active, requests } = useChats();
  const [chatId, setChatId] = useState<string>();

  const writeTo = async (form: FormData) => {
    const query = new URLSearchParams({ q: String(form.get('name')) });
    const [person] = await client.rest<Person[]>('GET', `/api/users/search?${query}`);
    if (person) setChatId((await client.openDirectChat(person.id)).id);
  };

  const accept = async (id: string) => {
    await client.rest('POST', `/api/chats/${id}/accept`, {});
    setChatId(id);
  };

  return (
    <main>
      <nav>
        <p role="status">{queued > 0 ? `${status}, ${queued} waiting` : status}</p>
        <form action={writeTo}>
          <input name="name" aria-label="Write to" placeholder="Write to …" required />
        </form>
        {requests.map((chat) => (
          <button key={chat.id} onClick={() => void accept(chat.id)}>
            Accept {chat.title}
          </button>
        ))}
        {active.map((chat) => (
          <button
            key={chat.id}
            aria-pressed={chat.id === chatId}
            onClick={() => setChatId(chat.id)}
          >
            {chat.title} {chat.unreadCount > 0 && <b>{chat.unreadCount}</b>}
          </button>
        ))}
      </nav>
      {chatId && <Room key={chatId} chatId={chatId} />}
    </main>
  );
};

/** One chat: its messages, who is typing, and a field to write. */
const Room = ({ chatId }: { chatId: string }) => {
  const { messages, hasOlder, loadOlder, send, retry, discard } = useMessages(chatId, {
    markRead: true,
  });
  const { typing, startTyping, stopTyping } = useTyping(chatId);

  const submit = (form: FormData) => {
    void send(String(form.get('text')));
    void stopTyping();
  };

  return (
    <section>
      {hasOlder && <button onClick={() => void loadOlder()}>Older messages</button>}
      <ol aria-label="Messages">
        {messages.map((message) => (
          <li key={message.key} className={message.isMine ? 'mine' : ''}>
            {message.content}{' '}
            <small>{message.state === 'sent' ? message.status : message.state}</small>
            {message.state === 'failed' && (
              <>
                <button onClick={() => retry(message)}>Try again</button>
                <button onClick={() => discard(message)}>Discard</button>
              </>
            )}
          </li>
        ))}
      </ol>
      <p>{typing.length > 0 && `${typing.map(({ name }) => name).join(', ')} is typing …`}</p>
      <form action={submit}>
        <input name="text" aria-label="Message" onInput={() => void startTyping()} required />
        <button>Send</button>
      </form>
    </section>
  );
};
