/** The chat test page: two people, two windows, everything that the v0 dialect can do. */
import type { Person } from './chat-test/api.js';
import { Api } from './chat-test/api.js';
import { setUpBroadcasts } from './chat-test/broadcasts.js';
import { Connection } from './chat-test/connection.js';
import { ConversationList } from './chat-test/conversation-list.js';
import { byId, initials, written } from './chat-test/dom.js';
import { signIn } from './chat-test/sign-in.js';
import { TabLogin } from './chat-test/tab-login.js';
import { Thread } from './chat-test/thread.js';

/** Events that the list shows. */
const MAX_EVENTS = 100;

const listEvents = (connection: Connection): void => {
  connection.onAny((event, payload) => {
    const list = byId('events');
    list.prepend(written('li', { text: `${event} ${JSON.stringify(payload)}` }));
    if (list.childElementCount > MAX_EVENTS) list.lastElementChild?.remove();
  });
};

const chat = (login: TabLogin, me: Person): void => {
  const api = new Api(login);
  const connection = new Connection(login);
  const thread = new Thread(me, api, connection);
  const list = new ConversationList(me.id, api, (conversation) => {
    list.markOpen(conversation.id);
    void thread.open(conversation);
  });

  const reloadList = async () => {
    await list.reload();
    if (thread.openId === undefined) return;
    list.markOpen(thread.openId);
    thread.update(list.find(thread.openId));
  };

  byId('my-name').textContent = me.name;
  byId('my-avatar').textContent = initials(me.name);
  byId('chat').hidden = false;
  byId('back').onclick = () => {
    thread.close();
    void list.reload();
  };
  byId('sign-out').onclick = () => {
    connection.close();
    login.forget();
    void api.logout().finally(() => {
      location.reload();
    });
  };

  login.keepFresh(
    () => {
      connection.bringToken();
    },
    () => {
      login.forget();
      location.reload();
    },
  );
  connection.onState((isConnected, text) => {
    const state = byId('connection');
    state.textContent = text;
    state.classList.toggle('here', isConnected);
    state.classList.toggle('away', !isConnected);
    // What was missed while the connection was away is fetched, not waited for.
    // When the connection is lost on the way, the next one fetches again.
    if (isConnected) void Promise.allSettled([reloadList(), thread.reload()]);
    if (isConnected) void thread.outbox.flush();
    thread.render();
  });
  for (const event of ['chat_created', 'chat_accepted', 'chat_rejected'] as const) {
    connection.on(event, () => void reloadList());
  }
  connection.on('new_message', ({ data }) => {
    thread.receive(data);
    void reloadList();
  });
  connection.on('message_read', ({ conversationId, readBy, seq }) => {
    if (readBy !== me.id) thread.markRead(conversationId, seq);
  });
  connection.on('message_deleted', ({ messageId }) => {
    thread.remove(messageId);
  });
  connection.on('user_typing', ({ conversationId, isTyping }) => {
    if (conversationId !== undefined && conversationId === thread.openId)
      thread.showPeer(thread.peer, isTyping);
  });
  connection.on('user_status_update', ({ userId, isOnline, lastSeen }) => {
    const person = list.showPresence(userId, isOnline, lastSeen);
    if (person && thread.peer?.id === userId) {
      Object.assign(thread.peer, { isOnline, lastSeen });
      thread.showPeer(thread.peer);
    }
  });
  setUpBroadcasts(me, connection);
  listEvents(connection);
};

const start = async (): Promise<void> => {
  const restored = TabLogin.restore();
  if (restored?.isUsedUp) await restored.renew();
  const known = restored && (await new Api(restored).me().catch(() => undefined));
  if (restored && known) {
    chat(restored, known);
    return;
  }
  restored?.forget();
  const login = TabLogin.begin(await signIn());
  chat(login, await new Api(login).me());
};

void start();
