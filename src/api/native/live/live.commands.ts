import type { AnyCommand, CommandContext } from '../../../transport/socket/command.js';
import { command } from '../../../transport/socket/command.js';
import { channels } from '../../../transport/socket/channels.js';
import { presentLive } from './live.shapes.js';
import {
  liveCommentSchema,
  liveReactionSchema,
  liveSchema,
  liveSignalSchema,
  startLiveSchema,
  liveResponse,
  liveCommentResponse,
  liveReactionResponse,
  liveSignalResponse,
} from './live.schemas.js';
import type { LiveDevice } from '../../../modules/live/index.js';
import type { UseCases } from '../../shared/use-cases.js';

/** The caller's device, in the form of the use cases. */
const deviceOf = ({ actor, socket }: CommandContext): LiveDevice => ({
  id: socket.id,
  get isConnected() {
    return socket.isConnected;
  },
  enter: (liveId) => {
    socket.join(channels.live(liveId));
    socket.join(channels.liveParticipant(liveId, actor.userId));
  },
  leave: (liveId) => {
    socket.leave(channels.live(liveId));
    socket.leave(channels.liveParticipant(liveId, actor.userId));
  },
});

/** Native socket commands of live streams. */
export const liveCommands = ({
  live: { host, watch, talk },
}: Pick<UseCases, 'live'>): AnyCommand[] => [
  command({
    event: 'start_live',
    dialect: 'native',
    summary: 'Start a live stream, to a chat or (admins) to everybody',
    schema: startLiveSchema,
    answer: liveResponse,
    confirms: 'live_started',
    userLimit: 'live',
    handle: async (context, payload) => {
      const data = presentLive(await host.start(context.actor, payload, deviceOf(context)));
      return { data, confirm: data };
    },
  }),
  command({
    event: 'join_live',
    dialect: 'native',
    summary: 'Watch a live stream on this device',
    schema: liveSchema,
    answer: liveResponse,
    userLimit: 'live',
    handle: async (context, { liveId }) => ({
      data: presentLive(await watch.join(context.actor, liveId, deviceOf(context))),
    }),
  }),
  command({
    event: 'leave_live',
    dialect: 'native',
    summary: 'Stop watching on this device',
    schema: liveSchema,
    answer: liveSchema,
    userLimit: 'marks',
    handle: async (context, { liveId }) => {
      await watch.leave(context.actor, liveId, deviceOf(context));
      return { data: { liveId } };
    },
  }),
  command({
    event: 'live_comment',
    dialect: 'native',
    summary: 'Comment on a live stream; `post` also sends it to the chat',
    schema: liveCommentSchema,
    answer: liveCommentResponse,
    userLimit: 'live',
    shedAs: 'work',
    handle: async ({ actor }, payload) => {
      const { user, ...comment } = await talk.comment(actor, payload);
      return { data: { ...comment, userId: user.id } };
    },
  }),
  command({
    event: 'live_reaction',
    dialect: 'native',
    summary: 'React to a live stream',
    schema: liveReactionSchema,
    answer: liveReactionResponse,
    userLimit: 'live',
    shedAs: 'signals',
    handle: async ({ actor }, { liveId, emoji }) => {
      await talk.react(actor, liveId, emoji);
      return { data: { liveId, emoji } };
    },
  }),
  command({
    event: 'live_signal',
    dialect: 'native',
    summary: 'Hand a WebRTC offer, answer or candidate to the host or a viewer',
    schema: liveSignalSchema,
    answer: liveSignalResponse,
    userLimit: 'live',
    handle: async ({ actor }, payload) => {
      await talk.signal(actor, payload);
      return { data: { liveId: payload.liveId, to: payload.to } };
    },
  }),
  command({
    event: 'end_live',
    dialect: 'native',
    summary: 'End a live stream',
    schema: liveSchema,
    answer: liveSchema,
    userLimit: 'marks',
    handle: async ({ actor }, { liveId }) => {
      await host.end(actor, liveId);
      return { data: { liveId } };
    },
  }),
];
