import type { ChatView } from '../../../modules/chats/index.js';
import { presentChat } from '../../shared/chat.shapes.js';
import { presentMessage } from '../../shared/message.shapes.js';
import { positionsShown } from '../../../modules/messages/index.js';
import { positionsOf } from '../../../modules/sync/index.js';
import type { SyncResult } from '../../../modules/sync/index.js';

/** A sync's answer, at a time (milliseconds). `views` holds the chats' views in their order. */
export const presentSync = (result: SyncResult, views: ChatView[], now: number) => ({
  chats: result.chats.map((synced, i) => {
    const { chat, membership } = synced.state;
    return {
      chatId: chat._id.toHexString(),
      isNew: synced.isNew,
      isReset: synced.isReset,
      error: synced.isTooOld
        ? { code: 'CURSOR_TOO_OLD', message: 'This version can no longer be used; start again' }
        : null,
      chat: presentChat(views[i]!, now),
      settings: {
        clearedSeq: membership.clearedSeq,
        hiddenSeq: membership.hiddenSeq,
        archivedSeq: membership.archivedSeq,
      },
      positions: positionsShown(positionsOf(synced.state), synced.state.blocks),
      messages: synced.messages.map(({ message, sender, status }) =>
        presentMessage(message, sender, status),
      ),
      hidden: synced.hidden,
      version: synced.version,
      hasMore: synced.hasMore,
      head: synced.newest,
      tag: synced.tag,
    };
  }),
  removed: result.removed,
  held: result.held.map(({ message, sender, status }) => presentMessage(message, sender, status)),
  blocked: result.blocked,
  hasMore: result.hasMore,
  serverTime: new Date(now).toISOString(),
});
