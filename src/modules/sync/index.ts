import type { Config } from '../../config/index.js';
import type { Subscription } from '../../platform/event-bus.js';
import type { Logger } from '../../platform/logger.js';
import type { Clock } from '../../shared/clock.js';
import type { ChatList, ChatsRepository, Contacts } from '../chats/index.js';
import type {
  AttachmentClaims,
  ChatPreviews,
  HeldMessages,
  MessagesRepository,
} from '../messages/index.js';
import type { UserDirectory } from '../users/index.js';
import type { SyncedLog } from './chat-changes.js';
import { ChatChanges } from './chat-changes.js';
import { CursorStateFinder } from './sync-plan.js';
import { Sync } from './sync.js';
import type { SyncClients } from './version-digest.js';
import { VersionDigest } from './version-digest.js';

export { positionsOf } from './chat-changes.js';
export type { SyncRequest } from './sync-plan.js';
export type { Sync, SyncResult } from './sync.js';
export type { SyncClients } from './version-digest.js';

/** The cluster's event that sync handles: events between the nodes may have been lost. */
interface GapEvents {
  'cluster.gap': { since: string };
}

/**
 * Builds the sync module.
 *
 * @param markDelivered records that one of the user's devices has received all messages up to a number.
 * @param isDatabasePrivate whether no other node can write to the database.
 * @param clients the devices on this node that can sync.
 */
export const createSync = <Client>({
  config,
  clock,
  logger,
  chats,
  list,
  directory,
  messages,
  log,
  previews,
  attachments,
  heldMessages,
  contacts,
  markDelivered,
  isDatabasePrivate,
  clients,
}: {
  config: Pick<Config, 'headDigestMs' | 'syncMaxChanges'>;
  clock: Clock;
  logger: Logger;
  chats: ChatsRepository;
  list: ChatList;
  directory: UserDirectory;
  messages: MessagesRepository;
  log: SyncedLog;
  previews: Pick<ChatPreviews, 'settle' | 'takeWritten'>;
  attachments: Pick<AttachmentClaims, 'addressed'>;
  heldMessages: Pick<HeldMessages, 'own'>;
  contacts: Pick<Contacts, 'blocksOf'>;
  markDelivered(chatId: string, userId: string, seq: number): Promise<void>;
  isDatabasePrivate: boolean;
  clients: SyncClients<Client>;
}) => {
  const sync = new Sync({
    chats,
    list,
    cursorStates: new CursorStateFinder(messages),
    changes: new ChatChanges({
      messages,
      log,
      directory,
      attachments,
      maxChanges: config.syncMaxChanges,
    }),
    settlePreviews: () => previews.settle(),
    markDelivered,
    heldMessages,
    contacts,
    directory,
    logger,
  });
  const digest = new VersionDigest({
    messages,
    takeWritten: () => previews.takeWritten(),
    isAlone: isDatabasePrivate,
    clients,
    clock,
    logger,
    intervalMs: config.headDigestMs,
  });
  const subscriptions: Subscription<GapEvents>[] = [
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
  return {
    api: { sync, digest },
    subscriptions,
    /** Starts sending clients the newest versions of their chats. */
    start: () => {
      digest.start();
    },
    /** Stops that; resolves when no digest is under way any more. */
    close: () => digest.stop(),
  };
};
