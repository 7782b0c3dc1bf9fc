import type { Api, ApiEvents } from '../api/index.js';
import type { VersionDigest } from '../modules/sync/index.js';
import type { Subscription } from '../platform/event-bus.js';
import { Delivery } from '../transport/socket/delivery.js';
import { channels } from '../transport/socket/channels.js';
import type { SocketServer } from '../transport/socket/socket-server.js';
import type { Areas } from './areas.js';
import type { DomainEvents } from './domain-events.js';
import type { Foundation } from './foundation.js';
import { leaveStream } from './streams.area.js';

/** What a reaction may need. */
export interface ReactionParts {
  foundation: Foundation;
  areas: Areas;
  api: Api<ApiEvents>;
  digest: Pick<VersionDigest<unknown>, 'hint'>;
  sockets: SocketServer;
}

type Reactions = Subscription<DomainEvents>[];

/** What follows from an event beyond the module that says so. */
export const reactions = (parts: ReactionParts): Reactions => [
  ...moveMembers(parts),
  ...closeSockets(parts),
  ...forgetCounts(parts),
  ...noteDeliveries(parts),
  ...deliveries(parts),
  ...emptyStreams(parts),
  ...releasePictures(parts),
  ...closeGaps(parts),
];

/** Sockets stand in the rooms of the chats that their users are in. */
const moveMembers = ({ sockets: { directory } }: ReactionParts): Reactions => {
  const shared = { phase: 'sockets', on: 'every-node' } as const;
  const moves = (direction: 'in' | 'out') => ({
    ...shared,
    does: `moves the sockets of the members ${direction === 'in' ? 'into' : 'out of'} the chat's room`,
    run: ({ chatId, userIds }: { chatId: string; userIds: string[] }) => {
      for (const userId of userIds) directory.moveUser(userId, chatId, direction);
    },
  });
  return [
    {
      event: 'chat.created',
      ...shared,
      does: "moves the sockets of the members into the chat's room",
      run: ({ chat, memberIds }) => {
        for (const userId of memberIds) directory.moveUser(userId, chat.id, 'in');
      },
    },
    { event: 'members.added', ...moves('in') },
    { event: 'members.removed', ...moves('out') },
  ];
};

/** A login that ends, or an account that is closed, takes its sockets along; a new role holds at once. */
const closeSockets = ({ sockets }: ReactionParts): Reactions => {
  const shared = { phase: 'sockets', on: 'every-node', does: 'closes its sockets' } as const;
  return [
    {
      event: 'session.revoked',
      ...shared,
      run: ({ sessionId }) => {
        sockets.closeWhere(channels.session(sessionId));
      },
    },
    {
      event: 'sessions.revoked',
      ...shared,
      does: 'closes their sockets',
      run: ({ userId, exceptSessionId }) => {
        for (const socket of sockets.directory.socketsIn(channels.user(userId))) {
          if (socket.data.actor.sessionId !== exceptSessionId) socket.disconnect(true);
        }
      },
    },
    {
      event: 'user.deactivated',
      ...shared,
      does: "closes the user's sockets",
      run: ({ userId }) => {
        sockets.closeWhere(channels.user(userId));
      },
    },
    {
      event: 'user.role_changed',
      ...shared,
      does: "gives the user's sockets the new role",
      run: ({ userId, role }) => {
        for (const { data } of sockets.directory.socketsIn(channels.user(userId))) {
          data.actor = { ...data.actor, role };
        }
      },
    },
  ];
};

/** Unread counts are kept in memory only as long as nothing but a new message changes them. */
const forgetCounts = ({ areas: { unread } }: ReactionParts): Reactions => {
  const shared = { phase: 'state', on: 'every-node', does: 'forgets unread counts' } as const;
  const forgetMine = ({ chatId, userId }: { chatId: string; userId: string }) => {
    unread.forget(chatId, userId);
  };
  return [
    { event: 'messages.read', ...shared, run: forgetMine },
    { event: 'chat.cleared', ...shared, run: forgetMine },
    { event: 'message.hidden', ...shared, run: forgetMine },
    {
      event: 'members.removed',
      ...shared,
      run: ({ chatId, userIds }) => {
        // Who comes back begins with nothing unread.
        for (const userId of userIds) unread.forget(chatId, userId);
      },
    },
    {
      event: 'message.deleted',
      ...shared,
      run: ({ message }) => {
        unread.forgetChat(message.chatId);
      },
    },
    {
      event: 'block.changed',
      ...shared,
      run: () => {
        // What was read behind a block was told to nobody.
        unread.forgetAll();
      },
    },
  ];
};

/** A message is delivered to whoever is connected here, and its sender no longer types. */
const noteDeliveries = ({ areas, sockets }: ReactionParts): Reactions => [
  {
    event: 'message.sent',
    phase: 'effects',
    on: 'every-node',
    does: 'notes the delivery to the members who are connected here',
    run: ({ message, memberIds }) => {
      const receivers = sockets.directory.connected(memberIds ?? []);
      for (const userId of receivers) {
        if (userId !== message.senderId) areas.deliveries.note(message, userId);
      }
    },
  },
  {
    event: 'message.sent',
    // Before the delivery: an indicator that outlived the message would be of a next one.
    phase: 'state',
    on: 'origin',
    does: "ends the sender's typing indicator",
    run: ({ message }) => {
      areas.typing.stopNow(message.senderId, message.chatId);
    },
  },
];

/** Clients are told. */
const deliveries = ({ api, sockets }: ReactionParts): Reactions =>
  new Delivery<DomainEvents>(sockets.io, sockets.directory).subscriptions(api.events);

/** A stream that is over has nobody in it. */
const emptyStreams = ({ sockets: { directory } }: ReactionParts): Reactions => [
  {
    event: 'live.over',
    phase: 'sockets',
    on: 'every-node',
    does: "takes the devices out of the stream's rooms",
    run: ({ liveId }) => {
      leaveStream(directory, channels.live(liveId), liveId);
    },
  },
];

/** The uploads that no profile shows any more are collected later. */
const releasePictures = ({ areas: { media } }: ReactionParts): Reactions => [
  {
    event: 'user.picture_changed',
    phase: 'effects',
    on: 'origin',
    does: 'has the uploaded pictures of the user looked at by the collector',
    run: ({ userId }) => media.avatars.release(userId),
  },
];

/** What was lost between the nodes is looked up: by this node, and by the clients. */
const closeGaps = ({ digest, sockets }: ReactionParts): Reactions => [
  {
    event: 'cluster.gap',
    phase: 'state',
    on: 'every-node',
    does: 'looks up anew who is in which chat for sockets on their way in',
    run: () => {
      sockets.forgetArrivals();
    },
  },
  {
    event: 'cluster.gap',
    phase: 'deliver',
    on: 'every-node',
    does: 'hints at the newest versions of chats, so that clients sync',
    run: () => {
      digest.hint();
    },
  },
];
