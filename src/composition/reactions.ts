import type { Dialects } from '../dialects/index.js';
import { broadcastRenderings } from '../modules/broadcasts/index.js';
import { chatRenderings, readSeqOf } from '../modules/chats/index.js';
import { liveRenderings } from '../modules/live/index.js';
import type { UnreadAt } from '../modules/messages/index.js';
import { messageChangeRenderings, messageRenderings } from '../modules/messages/index.js';
import { presenceRenderings } from '../modules/presence/index.js';
import { receiptRenderings } from '../modules/receipts/index.js';
import { typingRenderings } from '../modules/typing/index.js';
import { viewingRenderings } from '../modules/viewing/index.js';
import { objectId } from '../platform/object-id.js';
import { Fanout } from '../realtime/fanout.js';
import type { RenderingTable } from '../realtime/rendering.js';
import { rooms } from '../realtime/rooms.js';
import type { SocketServer } from '../realtime/socket-server.js';
import type { Areas } from './areas.js';
import type { DomainEvents } from './domain-events.js';
import type { Foundation } from './foundation.js';
import { leaveStream } from './streams.area.js';

/** What a reaction may need. */
interface ReactionParts {
  foundation: Foundation;
  areas: Areas;
  dialects: Dialects;
  sockets: SocketServer;
}

/**
 * Connects what has happened with what follows from it beyond the module that says so.
 *
 * What follows on every node comes before the rendering: a member who has just been added must stand in
 * the chat's room when the others are told.
 */
export const attachReactions = (parts: ReactionParts): void => {
  moveMembers(parts);
  closeSockets(parts);
  forgetCounts(parts);
  noteDeliveries(parts);
  renderEvents(parts);
  emptyStreams(parts);
};

/** Sockets stand in the rooms of the chats that their users are in. */
const moveMembers = ({ foundation: { bus }, sockets }: ReactionParts): void => {
  const { directory } = sockets;
  bus.onEveryNode('chat.created', ({ chat, memberIds }) => {
    for (const userId of memberIds) directory.moveUser(userId, chat.id, 'in');
  });
  bus.onEveryNode('members.added', ({ chatId, userIds }) => {
    for (const userId of userIds) directory.moveUser(userId, chatId, 'in');
  });
  bus.onEveryNode('members.removed', ({ chatId, userIds }) => {
    for (const userId of userIds) directory.moveUser(userId, chatId, 'out');
  });
  bus.onEveryNode('cluster.gap', () => {
    sockets.forgetArrivals();
  });
};

/** A login that ends, or an account that is closed, takes its sockets along; a new role holds at once. */
const closeSockets = ({ foundation: { bus }, sockets }: ReactionParts): void => {
  bus.onEveryNode('session.revoked', ({ sessionId }) => {
    sockets.closeWhere(rooms.session(sessionId));
  });
  bus.onEveryNode('sessions.revoked', ({ userId, exceptSessionId }) => {
    for (const socket of sockets.directory.socketsIn(rooms.user(userId))) {
      if (socket.data.actor.sessionId !== exceptSessionId) socket.disconnect(true);
    }
  });
  bus.onEveryNode('user.deactivated', ({ userId }) => {
    sockets.closeWhere(rooms.user(userId));
  });
  bus.onEveryNode('user.role_changed', ({ userId, role }) => {
    for (const { data } of sockets.directory.socketsIn(rooms.user(userId))) {
      data.actor = { ...data.actor, role };
    }
  });
};

/** Unread counts are kept in memory only as long as nothing but a new message changes them. */
const forgetCounts = ({ foundation: { bus }, areas: { unread } }: ReactionParts): void => {
  const forgetMine = ({ chatId, userId }: { chatId: string; userId: string }) => {
    unread.forget(chatId, userId);
  };
  bus.onEveryNode('messages.read', forgetMine);
  bus.onEveryNode('chat.cleared', forgetMine);
  bus.onEveryNode('message.hidden', forgetMine);
  bus.onEveryNode('members.removed', ({ chatId, userIds }) => {
    // Who comes back begins with nothing unread.
    for (const userId of userIds) unread.forget(chatId, userId);
  });
  bus.onEveryNode('message.deleted', ({ message }) => {
    unread.forgetChat(message.chatId);
  });
  bus.onEveryNode('block.changed', () => {
    // What was read behind a block was told to nobody.
    unread.forgetAll();
  });
};

/** A message is delivered to whoever is connected here, and its sender no longer types. */
const noteDeliveries = ({ foundation, areas, sockets }: ReactionParts): void => {
  foundation.bus.onEveryNode('message.sent', ({ message, audience }) => {
    const receivers = sockets.directory.connected(audience.memberIds ?? []);
    for (const userId of receivers) {
      if (userId !== message.senderId) areas.deliveries.note(message, userId);
    }
  });
  foundation.bus.on('message.sent', ({ message }) => {
    areas.typing.stopNow(message.senderId, message.chatId);
  });
};

/** Clients are told, in each dialect. */
const renderEvents = ({ foundation, areas, dialects, sockets }: ReactionParts): void => {
  const { memberships } = foundation.models.chats;
  const readPosition = async (userId: string, chatId: string): Promise<number> => {
    const membership = await memberships
      .findOne({ chatId: objectId(chatId), userId: objectId(userId) })
      .lean();
    return membership ? Math.max(readSeqOf(membership), membership.clearedSeq) : 0;
  };
  const unreadAt: UnreadAt = (userId, message) =>
    areas.unread
      .countAt(userId, message, () => readPosition(userId, message.chatId))
      .catch((error: unknown) => {
        foundation.logger.debug({ err: error }, 'a message was shown without an unread count');
        return undefined;
      });
  const tables: RenderingTable<DomainEvents>[] = [
    messageRenderings(unreadAt),
    messageChangeRenderings,
    chatRenderings,
    receiptRenderings,
    typingRenderings,
    liveRenderings,
    viewingRenderings,
    presenceRenderings,
    broadcastRenderings,
    ...dialects.renderings,
  ];
  new Fanout<DomainEvents>(sockets.io, sockets.directory).attach(foundation.bus, tables);
};

/** A stream that is over has nobody in it; after the rendering, which still tells them. */
const emptyStreams = ({ foundation: { bus }, sockets: { directory } }: ReactionParts): void => {
  bus.onEveryNode('live.over', ({ liveId }) => {
    leaveStream(directory, rooms.live(liveId), liveId);
  });
};
