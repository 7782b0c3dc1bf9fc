import type { Api, ApiEvents, UnreadAt } from '../api/index.js';
import { createApi } from '../api/index.js';
import { readSeqOf } from '../modules/chats/index.js';
import { objectId } from '../platform/object-id.js';
import type { Areas } from './areas.js';
import type { Foundation } from './foundation.js';

/** The unread count to show beside a message; undefined when it cannot be had in time. */
const unreadAt = ({ models, logger }: Foundation, { unread }: Areas): UnreadAt => {
  const { memberships } = models.chats;
  const readPosition = async (userId: string, chatId: string): Promise<number> => {
    const membership = await memberships
      .findOne({ chatId: objectId(chatId), userId: objectId(userId) })
      .lean();
    return membership ? Math.max(readSeqOf(membership), membership.clearedSeq) : 0;
  };
  return (userId, message) =>
    unread
      .countAt(userId, message, () => readPosition(userId, message.chatId))
      .catch((error: unknown) => {
        logger.debug({ err: error }, 'a message was shown without an unread count');
        return undefined;
      });
};

/** Every dialect, on the use cases of the areas. */
export const buildApi = (foundation: Foundation, areas: Areas): Api<ApiEvents> => {
  const { config, clock } = foundation;
  const { users, chats, groups, messaging, presence, media, broadcasts } = areas;
  return createApi({
    auth: users.api.auth,
    authenticator: users.api.authenticator,
    users: users.api.profiles,
    directory: users.api.directory,
    administration: users.api.administration,
    audit: users.api.audit,
    access: areas.access,
    ...chats,
    groups: groups.groups,
    members: groups.members,
    rooms: groups.rooms,
    addresses: groups.roomResolver,
    online: groups.online,
    invites: areas.invites.invites,
    ...messaging,
    deletion: messaging.remove,
    unreadAt: unreadAt(foundation, areas),
    receipts: areas.receipts,
    typing: areas.typing,
    presence: presence.see,
    chooser: presence.chooser,
    sync: areas.sync.api.sync,
    search: areas.search.api.search,
    media,
    sharedFiles: media.sharedFiles({ ...messaging, rooms: groups.roomResolver }),
    broadcasts: broadcasts.sender,
    inbox: broadcasts.inbox,
    statistics: broadcasts.statistics,
    live: areas.live,
    ...areas.moderation.api,
    clock,
    maxLength: config.messageMaxLength,
    passwordMinLength: config.passwordMinLength,
  });
};
