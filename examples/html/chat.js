/** A page without a bundler: `parley.js` is the SDK as one file. */
import { ChatClient, Message, signIn } from './parley.js';

const PARLEY_URL = new URLSearchParams(location.search).get('parley') ?? 'http://localhost:8000';

const $ = (id) => document.getElementById(id);

/** Runs when a form is sent, with its fields; then the form is empty again. */
const onSubmit = (id, run) => {
  $(id).addEventListener('submit', (event) => {
    event.preventDefault();
    run(Object.fromEntries(new FormData(event.target)));
    event.target.reset();
  });
};

const button = (text, onclick) =>
  Object.assign(document.createElement('button'), { textContent: text, onclick });

const line = (text) => Object.assign(document.createElement('li'), { textContent: text });

/** Shows what a store holds, now and whenever it is other than before; the answer ends it. */
const show = (store, render) => {
  render(store.getSnapshot());
  return store.subscribe(() => render(store.getSnapshot()));
};

const start = (client) => {
  let closeRoom = () => undefined;
  let chatId;

  const open = (id) => {
    closeRoom();
    chatId = id;
    const room = client.room(id);
    // Without a connection it is opened as soon as there is one.
    room.join().catch(() => undefined);
    closeRoom = show(room, ({ messages, chat }) => {
      $('messages').replaceChildren(
        ...messages.map(({ content, isMine, state }) =>
          line(`${isMine ? 'You' : chat.title}: ${content} ${state === 'sent' ? '' : state}`),
        ),
      );
      if (chat?.unreadCount > 0) room.markRead().catch(() => undefined);
    });
    $('send').hidden = false;
  };

  const accept = async (id) => {
    await client.rest('POST', `/api/chats/${id}/accept`, {});
    open(id);
  };

  show(client.state.connection, ({ status }) => ($('status').textContent = status));
  show(client.state.chats, ({ active, requests }) => {
    $('chats').replaceChildren(
      ...requests.map(({ id, title }) => button(`Accept ${title}`, () => accept(id))),
      ...active.map(({ id, title, unreadCount }) =>
        button(`${title} ${unreadCount || ''}`, () => open(id)),
      ),
    );
  });
  onSubmit('write-to', async ({ name }) => {
    const query = new URLSearchParams({ q: name });
    const [person] = await client.rest('GET', `/api/users/search?${query}`);
    if (person) open((await client.openDirectChat(person.id)).id);
  });
  onSubmit('send', ({ text }) => {
    // What the server will not take stays in the list, as failed.
    new Message(client, chatId).sendText(text).catch(() => undefined);
  });
};

onSubmit('sign-in', async ({ username, password }) => {
  const { token, refreshToken } = await signIn(PARLEY_URL, { username, password });
  const client = new ChatClient(PARLEY_URL, token, { refreshToken });
  $('sign-in').hidden = true;
  $('chat').hidden = false;
  start(client);
  await client.connect();
});
