/** The chat in the shop's pages, with Parley's client SDK. */
import { ChatClient, ChatRoom, Message } from '/parley-client.js';

const panel = document.querySelector('.chat');
const list = panel.querySelector('.messages');
const state = panel.querySelector('.state');
const problem = panel.querySelector('.problem');
const form = panel.querySelector('.compose');

const json = async (path, options) => {
  const response = await fetch(path, options);
  if (!response.ok) throw new Error('This does not work at the moment. Please try again later.');
  return response.json();
};
const tell = (text) => {
  problem.textContent = text;
  problem.hidden = text === '';
};

const element = (name, className, text) => {
  const made = document.createElement(name);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};

/** A message of the shop's own type, drawn from its metadata. */
const orderCard = ({ metadata }) => {
  const card = element('div', 'card');
  card.append(
    element('strong', '', `Order ${metadata.orderId}`),
    element('span', '', `${metadata.product}, ${metadata.price}`),
    element('span', 'badge', metadata.state),
  );
  return card;
};

const start = async () => {
  const { token, url } = await json('/chat-token');
  const chatId = panel.dataset.chat ?? (await json(panel.dataset.ask, { method: 'POST' })).chatId;
  // The shop's session outlives its tokens: the client fetches the next one when it needs it.
  const client = new ChatClient(url, token, { keptTokens: () => json('/chat-token') });
  const room = new ChatRoom(client, chatId);
  const message = new Message(client, chatId);

  const draw = () => {
    list.replaceChildren(
      ...room.messages().map((one) => {
        const isMine = one.senderId === client.userId;
        const isSystem = one.messageType === 'system';
        const isCard = one.messageType === 'custom' && one.customType === 'order';
        const side = isMine ? 'mine' : 'theirs';
        const item = element('li', isCard ? 'order' : isSystem ? 'system' : side);
        if (isCard) item.append(orderCard(one));
        else {
          if (!isMine && !isSystem) item.append(element('b', '', one.sender?.name));
          item.append(element('p', '', one.content));
        }
        return item;
      }),
    );
    list.scrollTop = list.scrollHeight;
  };
  const showState = () => {
    state.textContent = client.isConnected ? 'online' : 'connecting …';
  };
  room.onChange(() => {
    draw();
    if (document.hasFocus()) room.markRead().catch(() => undefined);
  });
  client.on('connected', showState);
  client.on('disconnected', showState);
  client.on('signed_out', () => tell('You are signed out. Please sign in again.'));
  client.on('send_failed', ({ message: { content }, error }) => {
    tell(error.message);
    // What was refused is given back to its writer.
    if (form.text.value === '') form.text.value = content;
  });

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = form.text.value.trim();
    if (text === '') return;
    tell('');
    form.reset();
    // A refusal is told by the event, also for what is sent after a reconnection.
    message.sendText(text).catch(() => undefined);
  });

  await client.connect();
  await room.join();
  draw();
  showState();
};

start().catch((error) => tell(error.message));
