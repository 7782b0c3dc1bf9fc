import { TestSocket } from '../../support/socket.js';
import type { CommandSamples, RouteSamples, SampleWorld } from './sample.js';

/** A stream of Bob's to a chat with Alice, which Alice watches; both stay connected. */
const watched = async ({ server, alice, bob, chatId }: SampleWorld): Promise<string> => {
  const [host, viewer] = [
    await TestSocket.connect(server, bob),
    await TestSocket.connect(server, alice),
  ];
  const started = await host.command<{ liveId: string }>('start_live', { title: 'Live', chatId });
  await viewer.command('join_live', { liveId: started.data.liveId });
  return started.data.liveId;
};

/** Live streams over REST. */
export const liveRoutes: RouteSamples = {
  'get /api/live': { request: () => ({}), stranger: 200 },
};

/** Live streams over a socket. */
export const liveCommands: CommandSamples = {
  'native start_live': {
    payload: ({ chatId }) => ({ title: 'Live', chatId }),
    stranger: 'NOT_FOUND',
  },
  'native join_live': {
    payload: async (world) => ({ liveId: await watched(world) }),
    stranger: 'NOT_FOUND',
  },
  'native leave_live': {
    payload: async (world) => ({ liveId: await watched(world) }),
    stranger: 'NOT_FOUND',
  },
  'native live_comment': {
    payload: async (world) => ({ liveId: await watched(world), content: 'Hello!' }),
    stranger: 'NOT_FOUND',
  },
  'native live_reaction': {
    payload: async (world) => ({ liveId: await watched(world), emoji: '👏' }),
    stranger: 'NOT_FOUND',
  },
  'native live_signal': {
    payload: async (world) => ({
      liveId: await watched(world),
      to: world.bob.id,
      data: { type: 'offer', sdp: 'v=0' },
    }),
    stranger: 'NOT_FOUND',
  },
  'native end_live': {
    payload: async (world) => ({ liveId: await watched(world) }),
    by: 'bob',
    stranger: 'NOT_FOUND',
  },
};
