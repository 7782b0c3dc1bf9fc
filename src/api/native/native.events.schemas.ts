import Joi from 'joi';
import { serverEvents } from '../../transport/socket/server-event.js';
import { broadcastResponse } from '../shared/broadcast.schemas.js';
import { errorEvent, id, time } from '../shared/event.schemas.js';
import { statusSchema } from '../shared/presence.schemas.js';
import { ANNA, BEN, CHAT, NOON, sampleBroadcast, samplePerson } from '../shared/samples.js';
import { userCardSchema } from '../shared/user-card.schemas.js';
import { chatEvents } from './chats/chats.events.schemas.js';
import { liveResponse } from './live/live.schemas.js';
import { messageEvents } from './messages/messages.events.schemas.js';

const user = userCardSchema.required();

/** What native clients hear of other people, while they hear it. */
const presenceEvents = serverEvents('native', {
  user_typing: {
    description:
      'Somebody is typing. It ends with `user_stop_typing`, with their message, or by itself after some seconds ' +
      'without another `user_typing`.',
    audience: "the other members' devices; in a large chat only those that have it open",
    payload: Joi.object({
      chatId: id,
      userId: id,
      user,
      isTyping: Joi.boolean().valid(true).required(),
    }),
    example: { chatId: CHAT, userId: ANNA, user: samplePerson, isTyping: true },
  },
  user_stop_typing: {
    description: 'Somebody has stopped typing.',
    audience: "the other members' devices; in a large chat only those that have it open",
    payload: Joi.object({ chatId: id, userId: id }),
    example: { chatId: CHAT, userId: ANNA },
  },
  user_online: {
    description:
      'A member has opened a chat that I have open, too. For presence see `presence_changed`.',
    audience: "the other members' devices that have the chat open",
    payload: Joi.object({ userId: id, chatId: id }),
    example: { userId: ANNA, chatId: CHAT },
  },
  user_offline: {
    description: 'A member has closed a chat that I have open.',
    audience: "the other members' devices that have the chat open",
    payload: Joi.object({ userId: id, chatId: id }),
    example: { userId: ANNA, chatId: CHAT },
  },
  viewers_changed: {
    description:
      'How many look at a chat that I have open, where over 100 do: once a second at most, instead of `user_online` ' +
      'and `user_offline`, which begin again once no more than 100 do.',
    audience: 'the devices that have the chat open',
    payload: Joi.object({
      chatId: id,
      count: Joi.number().integer().min(0).required().description('Members who look at it now'),
    }),
    example: { chatId: CHAT, count: 212 },
  },
  presence_changed: {
    description: 'Somebody has come or gone, or shows another status.',
    audience: 'the devices of those who may know of it (PRESENCE_AUDIENCE)',
    payload: Joi.object({
      userId: id,
      status: statusSchema.required().description('`offline` also for somebody who hides'),
      customStatus: Joi.string().allow('').required().description('Their own words'),
      lastSeen: Joi.string()
        .isoDate()
        .allow(null)
        .required()
        .description('null while they are here'),
    }),
    example: { userId: ANNA, status: 'away', customStatus: 'At lunch', lastSeen: null },
  },
  user_deactivated: {
    description: "Somebody's account was closed.",
    audience: 'the devices of those who may know of their presence',
    payload: Joi.object({ userId: id }),
    example: { userId: ANNA },
  },
});

const LIVE = '665f1c2e9b1e8a3d4c5b6f01';
const viewerCount = Joi.number().integer().required();

/** What native clients hear of live streams. */
const liveEvents = serverEvents('native', {
  live_started: {
    description: 'A stream has started.',
    audience:
      'the device that started it, as a confirmation, and the devices of those who may watch it',
    payload: liveResponse,
    example: {
      id: LIVE,
      _id: LIVE,
      liveId: LIVE,
      title: 'From the harbour',
      chatId: CHAT,
      hostId: ANNA,
      host: samplePerson,
      viewerCount: 0,
      startedAt: NOON,
    },
  },
  live_viewer_joined: {
    description: 'Somebody watches a stream from now on.',
    audience: 'the devices that take part in the stream, but not the one that has joined',
    payload: Joi.object({ liveId: id, userId: id, user, viewerCount }),
    example: { liveId: LIVE, userId: ANNA, user: samplePerson, viewerCount: 1 },
  },
  live_viewer_left: {
    description: 'Somebody no longer watches a stream.',
    audience: 'the devices that take part in the stream',
    payload: Joi.object({ liveId: id, userId: id, viewerCount }),
    example: { liveId: LIVE, userId: BEN, viewerCount: 0 },
  },
  live_comment: {
    description: 'Somebody has commented on a stream.',
    audience: 'the devices that take part in the stream',
    payload: Joi.object({
      liveId: id,
      id,
      content: Joi.string().required(),
      at: time,
      userId: id,
      user,
    }),
    example: {
      liveId: LIVE,
      id: '0d5c1f0e-8f43-4c1c-9a7e-3a1f5c7d9e11',
      content: 'What a view!',
      at: NOON,
      userId: ANNA,
      user: samplePerson,
    },
  },
  live_reaction: {
    description: 'Somebody has reacted to a stream; not kept.',
    audience: 'the devices that take part in the stream',
    payload: Joi.object({ liveId: id, userId: id, user, emoji: Joi.string().required() }),
    example: { liveId: LIVE, userId: ANNA, user: samplePerson, emoji: '👏' },
  },
  live_signal: {
    description:
      'A WebRTC offer, answer or candidate of another participant, as they have sent it.',
    audience: "the recipient's devices that take part in the stream",
    payload: Joi.object({ liveId: id, from: id, data: Joi.object().unknown().required() }),
    example: { liveId: LIVE, from: BEN, data: { type: 'offer', sdp: 'v=0…' } },
  },
  live_ended: {
    description:
      'A stream is over; with `not_allowed` perhaps for me alone, who may no longer take part.',
    audience: 'the devices of those who may watch it',
    payload: Joi.object({
      liveId: id,
      hostId: id,
      reason: Joi.string().valid('ended', 'host_left', 'not_allowed').required(),
      endedAt: time,
    }),
    example: { liveId: LIVE, hostId: ANNA, reason: 'ended', endedAt: NOON },
  },
});

/** What concerns the connection, and messages of the admins to everybody. */
const serviceEvents = serverEvents('native', {
  admin_broadcast: {
    description: 'A message of an admin to everybody, to a role or to a list of people.',
    audience: "the recipients' devices; those that were away get it when they are back",
    payload: broadcastResponse,
    example: sampleBroadcast,
  },
  unread_broadcasts: {
    description: 'How many broadcasts I have not read: on connecting, and when it changes.',
    audience: "the user's own devices",
    payload: Joi.object({
      unreadCount: Joi.number().integer().required(),
      before: Joi.number()
        .integer()
        .allow(null)
        .required()
        .description('More was missed than is sent: `GET /api/broadcasts?before=` has the others'),
    }),
    example: { unreadCount: 1, before: null },
  },
  join_chat_success: {
    description: 'This device has the chat open from now on. The ack says the same.',
    audience: 'the device that sent `join_chat`',
    payload: Joi.object({ chatId: id }),
    example: { chatId: CHAT },
  },
  heads: {
    description:
      'The newest numbers of chats that have changed, from time to time: whoever has less has missed an event and ' +
      'asks with `sync`.',
    audience: "the devices of the chats' members",
    payload: Joi.object({
      chats: Joi.object()
        .pattern(
          Joi.string(),
          Joi.array().items(Joi.number().integer()).length(2).description('seq, version'),
        )
        .required()
        .description('By chat id: the number of the newest message and of the newest change'),
    }),
    example: { chats: { [CHAT]: [7, 9] } },
  },
  sync_hint: {
    description: 'The server may have left out events: ask with `sync` after a pause.',
    audience: 'all devices of a node',
    payload: Joi.object({
      delayMs: Joi.number().required().description('The pause in milliseconds'),
    }),
    example: { delayMs: 850 },
  },
  error: errorEvent,
});

/** Every event that native clients get. */
export const nativeEvents = [
  ...messageEvents,
  ...chatEvents,
  ...presenceEvents,
  ...liveEvents,
  ...serviceEvents,
];
