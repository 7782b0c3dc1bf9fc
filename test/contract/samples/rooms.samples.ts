import type { TestUser } from '../../support/server.js';
import type { CommandSamples, RouteSamples, SampleWorld } from './sample.js';

const GENERAL = { params: { slug: 'general' } };

/** A room of an owner's that is closed. */
const closedRoom = async ({ server }: SampleWorld, owner: TestUser, name: string) => {
  const room = { kind: 'room', name, joinMode: 'request' };
  const made = await server.http.post('/api/chats').set(owner.auth).send(room).expect(201);
  return (made.body as { data: { id: string; slug: string } }).data;
};

const ask = ({ server }: SampleWorld, slug: string, user: TestUser) =>
  server.http.post(`/api/rooms/${slug}/join-requests`).set(user.auth).expect(201);

/** Somebody's request to join a new room of Alice's. */
const requestToAlice = async (world: SampleWorld) => {
  const asker = await world.newUser();
  const { id: chatId, slug } = await closedRoom(world, world.alice, `Club for ${asker.username}`);
  await ask(world, slug, asker);
  return { params: { chatId, userId: asker.id } };
};

/** A closed room that Alice is not in. */
const roomOfAnother = async (world: SampleWorld) => {
  const owner = await world.newUser();
  return closedRoom(world, owner, `Club of ${owner.username}`);
};

/** Public rooms: anybody who is signed in may see and join them. */
export const roomRoutes: RouteSamples = {
  'get /api/rooms': { request: () => ({}), stranger: 200 },
  'get /api/rooms/:slug': { request: () => GENERAL, stranger: 200 },
  'post /api/rooms/:slug/join': { request: () => GENERAL, stranger: 200 },
  'post /api/rooms/:slug/leave': { request: () => GENERAL, stranger: 200 },
  'post /api/rooms/:slug/join-requests': {
    request: async (world) => ({ params: { slug: (await roomOfAnother(world)).slug } }),
    stranger: 200,
  },
  'delete /api/rooms/:slug/join-requests': {
    request: async (world) => {
      const { slug } = await roomOfAnother(world);
      await ask(world, slug, world.alice);
      return { params: { slug } };
    },
    stranger: 404,
  },
  'get /api/users/me/join-requests': { request: () => ({}), stranger: 200 },
  'get /api/chats/:chatId/join-requests': {
    request: async (world) => {
      const { params } = await requestToAlice(world);
      return { params: { chatId: params.chatId } };
    },
    stranger: 404,
  },
  'post /api/chats/:chatId/join-requests/:userId/accept': {
    request: requestToAlice,
    stranger: 404,
  },
  'post /api/chats/:chatId/join-requests/:userId/reject': {
    request: requestToAlice,
    stranger: 404,
  },
};

/** The room dialect; a chat is a room too, by its id, for its members. */
export const roomCommands: CommandSamples = {
  'room join-room': {
    payload: ({ chatId }) => ({ room: chatId }),
    stranger: 'NOT_FOUND',
    takesAnything: true,
  },
  'room leave-room': {
    payload: ({ chatId }) => ({ room: chatId }),
    stranger: 'NOT_FOUND',
    takesAnything: true,
  },
  'room online-users': {
    payload: ({ chatId }) => ({ room: chatId }),
    stranger: 'NOT_FOUND',
    takesAnything: true,
  },
  'room typing-start': {
    payload: ({ chatId }) => ({ room: chatId }),
    stranger: 'NOT_FOUND',
    takesAnything: true,
  },
  'room typing-stop': {
    payload: ({ chatId }) => ({ room: chatId }),
    stranger: 'NOT_FOUND',
    takesAnything: true,
  },
  'room user-status': {
    payload: () => ({ status: 'busy' }),
    stranger: 'ok',
    takesAnything: true,
  },
  'room send-message': {
    payload: ({ chatId }) => ({ room: chatId, content: 'Hello!' }),
    stranger: 'NOT_FOUND',
  },
  'room message-read': {
    payload: async ({ newMessage }) => ({ messageId: await newMessage() }),
    by: 'bob',
    stranger: 'NOT_FOUND',
  },
};
