import type { RouteSamples, SampleWorld } from './sample.js';

const PDF = Buffer.from('%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n');

/** Uploads a file as Alice and returns its id. */
export const newFile = async ({ server, alice, chatId }: SampleWorld): Promise<string> => {
  const { body } = await server.http
    .post('/api/media/upload-chat-media')
    .set(alice.auth)
    .attach('file', PDF, 'a.pdf')
    .field('chatId', chatId);
  return (body as { data: { fileId: string } }).data.fileId;
};

/** Shares a file in Alice's and Bob's chat and returns its message's id. */
const newSharedFile = async ({ server, alice, chatId }: SampleWorld): Promise<string> => {
  const { body } = await server.http
    .post('/api/files/upload')
    .set(alice.auth)
    .attach('file', PDF, 'a.pdf')
    .field('chatId', chatId);
  return (body as { data: { messageId: string } }).data.messageId;
};

const fileOf = async (world: SampleWorld) => ({ params: { fileId: await newFile(world) } });
const bodyOf = async (world: SampleWorld) => ({ body: { fileId: await newFile(world) } });
const roomOf = ({ chatId }: SampleWorld) => ({ params: { room: chatId } });
const nothing = () => ({ body: {} });

/** Uploads; forms are refused for their type before anything else, whoever sends them. */
export const mediaRoutes: RouteSamples = {
  'get /api/media/get-upload-token': {
    request: ({ chatId }) => ({ query: { chatId } }),
    stranger: 404,
  },
  'get /api/media/:fileId/metadata': { request: fileOf, stranger: 404 },
  'post /api/media/complete': { request: bodyOf, stranger: 404 },
  'post /api/media/delete': { request: bodyOf, stranger: 404 },
  'get /media/:fileId': { request: fileOf, stranger: 404 },
  'get /api/files/media/:room': { request: roomOf, stranger: 404 },
  'get /api/files/stats/:room': { request: roomOf, stranger: 404 },
  'delete /api/files/:messageId': {
    request: async (world) => ({ params: { messageId: await newSharedFile(world) } }),
    stranger: 404,
  },
};

/** Routes that take a form: their tests are in test/integration/media.test.ts. */
export const mediaForms: RouteSamples = {
  'post /api/media/upload-chat-media': { request: nothing, stranger: 415, isForm: true },
  'post /api/media/bulk-upload': { request: nothing, stranger: 415, isForm: true },
  'post /api/media/direct-upload': { request: nothing, stranger: 415, isForm: true },
  'post /api/files/upload': { request: nothing, stranger: 415, isForm: true },
  'post /api/users/avatar': { request: nothing, stranger: 415, isForm: true },
};
