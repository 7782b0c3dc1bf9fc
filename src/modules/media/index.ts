import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Connection } from 'mongoose';
import type { Config } from '../../config/index.js';
import type { Subscription } from '../../platform/event-bus.js';
import type { Job } from '../../platform/jobs.js';
import type { Logger } from '../../platform/logger.js';
import { createStorage, mediaDirectory } from '../../platform/storage/create-storage.js';
import type { StorageDriver } from '../../platform/storage/storage-driver.js';
import type { Clock } from '../../shared/clock.js';
import { externalUrlPolicy } from '../../shared/external-url.js';
import type { ChatAccess } from '../chats/index.js';
import type {
  MessageChanges,
  MessageHistory,
  MessageReader,
  MessagesRepository,
  SendMessage,
} from '../messages/index.js';
import type { Accounts, UserEvents, Profiles } from '../users/index.js';
import { Avatars } from './avatars.js';
import { MediaClaims } from './claims.js';
import { DirectUploads } from './direct-uploads.js';
import { FileInspector, ImageProcessor } from './inspection.js';
import { MediaLibrary } from './library.js';
import { MediaLinks } from './links.js';
import { MediaRepository } from './media.repository.js';
import { MediaWorkers } from './media-workers.js';
import { OrphanCollector } from './orphans.js';
import { createScanner } from './scanner.js';
import type { RoomResolver } from './shared-files.js';
import { SharedFiles } from './shared-files.js';
import { StoredFiles } from './stored-files.js';
import { TemporaryFiles } from './temporary-files.js';
import { MediaUploads } from './uploads.js';

export type { Avatars } from './avatars.js';
export type { MediaClaims } from './claims.js';
export type { DirectUploads } from './direct-uploads.js';
export { dispositionOf } from './files.js';
export type { MediaLibrary } from './library.js';
export type { LinkQuery, MediaLinks, Variant } from './links.js';
export { defineMediaModels } from './media.model.js';
export type { MediaKind } from './media.model.js';
export type { MediaRecord } from './media.repository.js';
export type { RoomFilesQuery, SharedFiles } from './shared-files.js';
export type { TemporaryFiles } from './temporary-files.js';
export type { IncomingFile, MediaUploads } from './uploads.js';

const HOUR_MS = 3_600_000;
/** Bytes in a megabyte of the settings. */
export const MEGABYTE = 1024 * 1024;

/** The use cases of files. */
export interface MediaApi {
  /** For messages: what their attachments are, and which files they use. */
  claims: MediaClaims;
  uploads: MediaUploads;
  library: MediaLibrary;
  direct: DirectUploads;
  links: MediaLinks;
  avatars: Avatars;
  /** The store that contents are read from. */
  storage: StorageDriver;
  /** Where forms are received. */
  temporary: TemporaryFiles;
  /** What is new in the stored files, for webhooks. */
  stored: Pick<MediaRepository, 'readySince'>;
  /** Bytes of a file in a chat. */
  maxSize: number;
}

/**
 * The media module without shared files, which need the messages module, which needs this module's claims.
 */
export interface MediaModule {
  api: MediaApi;
  subscriptions: Subscription<Pick<UserEvents, 'user.picture_changed'>>[];
  jobs: Job[];
  /**
   * Removes uploads that nothing uses; answers how many. It is one of the jobs; operators can run it by hand.
   */
  collectOrphans(): Promise<number>;
  /** Makes the directory of temporary files, and removes those of an earlier process. */
  start(): Promise<void>;
  /** Stops a running round of the collector, so that the jobs end soon. */
  stopCollecting(): void;
}

/**
 * Builds the media module on a connection that has its models.
 *
 * @throws when the store that the settings name lacks a setting.
 */
export const createMedia = async ({
  config,
  connection,
  clock,
  logger,
  secret,
  access,
  users: { profiles, accounts },
  messages,
  isFileKept,
}: {
  config: Config;
  connection: Connection;
  clock: Clock;
  logger: Logger;
  /** The key that signs the addresses of files is derived from it. */
  secret: string;
  access: ChatAccess;
  users: {
    profiles: Pick<Profiles, 'setAvatar' | 'hasPicture'>;
    accounts: Pick<Accounts, 'status'>;
  };
  messages: MessagesRepository;
  /** Whether something beside messages keeps a file. */
  isFileKept(fileId: string): Promise<boolean>;
}): Promise<MediaModule> => {
  const media = new MediaRepository(connection);
  const storage = await createStorage(config);
  const temporary = new TemporaryFiles(join(mediaDirectory(config), 'tmp'), clock);
  const maxSize = config.maxUploadMb * MEGABYTE;
  const baseUrl = config.publicUrl?.replace(/\/$/, '');
  const links = new MediaLinks(createHash('sha256').update(`media:${secret}`).digest('hex'), {
    baseUrl,
    minutes: config.mediaUrlMinutes,
    clock,
  });
  const stored = new StoredFiles(media, storage, config.mediaQuotaMb * MEGABYTE);
  const uploads = new MediaUploads({
    stored,
    temporary,
    access,
    scanner: createScanner(config),
    // Separate processes, so that an upload of a document does not wait for images.
    images: new ImageProcessor(new MediaWorkers(), { maxPixels: config.maxImagePixels }),
    inspector: new FileInspector(new MediaWorkers()),
    clock,
  });
  const avatars = new Avatars({ media, uploads, links, profiles, clock });
  const orphans = new OrphanCollector({
    media,
    stored,
    messages,
    isFileKept,
    profiles,
    clock,
    logger,
    graceMs: config.mediaOrphanHours * HOUR_MS,
  });
  const collectOrphans = () => orphans.collectOrphans();
  return {
    api: {
      claims: new MediaClaims({
        media,
        messages,
        links,
        clock,
        isAllowedUrl: externalUrlPolicy(config.mediaExternalHosts),
      }),
      uploads,
      library: new MediaLibrary({ media, messages, stored, access, accounts, clock }),
      direct: new DirectUploads({
        media,
        storage,
        uploads,
        temporary,
        links,
        clock,
        baseUrl,
        maxSize,
      }),
      links,
      avatars,
      storage,
      temporary,
      stored: media,
      maxSize,
    },
    subscriptions: avatars.subscriptions,
    jobs: [
      { name: 'orphaned uploads', everyMs: HOUR_MS, run: collectOrphans, isOncePerCluster: true },
      { name: 'temporary files', everyMs: HOUR_MS, run: () => temporary.sweep() },
    ],
    collectOrphans,
    start: () => temporary.open(),
    stopCollecting: () => {
      orphans.stop();
    },
  };
};

/** Builds what shares files as messages, after both modules. */
export const createSharedFiles = ({
  media: { uploads, library, links },
  messages,
  rooms,
  sending,
  reader,
  history,
  deletion,
}: {
  media: Pick<MediaApi, 'uploads' | 'library' | 'links'>;
  messages: MessagesRepository;
  rooms: RoomResolver;
  sending: SendMessage;
  reader: MessageReader;
  history: MessageHistory;
  deletion: MessageChanges;
}): SharedFiles =>
  new SharedFiles({ messages, uploads, library, links, rooms, sending, reader, history, deletion });
