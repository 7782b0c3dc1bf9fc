import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection, Model } from 'mongoose';
import type { Config } from '../../config/index.js';
import type { Logger } from '../../platform/logger.js';
import type { StorageDriver } from '../../platform/storage/storage-driver.js';
import { createStorage, mediaDirectory } from '../../platform/storage/create-storage.js';
import type { Clock } from '../../shared/clock.js';
import { externalUrlPolicy } from '../../shared/external-url.js';
import type { ChatAccess } from '../chats/index.js';
import type {
  AttachmentClaims,
  DeleteMessage,
  MessageReader,
  MessageDoc,
  MessageHistory,
  SendMessage,
} from '../messages/index.js';
import type { Accounts, Profiles } from '../users/index.js';
import { MediaClaims } from './attachment-claims.js';
import { Avatars } from './avatars.js';
import { DirectUploads } from './direct-uploads.js';
import { createScanner } from './file-scanner.js';
import { FileInspector } from './file-inspector.js';
import { ImageProcessor } from './image-processor.js';
import { MediaLibrary } from './media-library.js';
import { MediaLinks } from './media-links.js';
import { defineMediaModel } from './media.model.js';
import type { MediaDoc } from './media.model.js';
import { MediaUploads } from './media-uploads.js';
import { MediaUses } from './media-uses.js';
import { MediaWorkers } from './media-workers.js';
import { OrphanCollector } from './orphan-collector.js';
import { SharedFiles } from './shared-files.js';
import type { RoomResolver } from './shared-files.js';
import { StoredFiles } from './stored-files.js';
import { TemporaryFiles } from './temporary-files.js';

export type { MediaDoc, MediaKind } from './media.model.js';
export { MediaLinks } from './media-links.js';
export { OrphanCollector } from './orphan-collector.js';
export type { Avatars } from './avatars.js';
export type { DirectUploads } from './direct-uploads.js';
export { dispositionOf } from './file-name.js';
export type { IncomingFile } from './incoming-file.js';
export type { MediaLibrary } from './media-library.js';
export type { LinkQuery, Variant } from './media-links.js';
export type { MediaUploads } from './media-uploads.js';
export type { RoomFilesQuery, SharedFiles } from './shared-files.js';

/** Registers the collection of uploads on a connection. */
export const defineMediaModels = (connection: Connection): Model<MediaDoc> =>
  defineMediaModel(connection);

/** What the module is built from. */
export interface MediaParts {
  config: Config;
  /** Signs the addresses of files, after a derivation of its own. */
  secret: string;
  media: Model<MediaDoc>;
  messages: Model<MessageDoc>;
  access: ChatAccess;
  users: Profiles;
  accounts: Pick<Accounts, 'status'>;
  clock: Clock;
  logger: Logger;
}

/** What shared files need of the messages module, which is built after the claims. */
export interface MessagingForFiles {
  rooms: RoomResolver;
  sender: SendMessage;
  seen: MessageReader;
  history: MessageHistory;
  remove: DeleteMessage;
}

/** The media module. Messages need its claims, shared files need messages: so it is built in two steps. */
export interface MediaModule {
  claims: AttachmentClaims;
  orphans: OrphanCollector;
  temporaryFiles: TemporaryFiles;
  uploads: MediaUploads;
  library: MediaLibrary;
  direct: DirectUploads;
  links: MediaLinks;
  avatars: Avatars;
  storage: StorageDriver;
  /** Directory of files that are being received. */
  temporary: string;
  /** Bytes of a file in a chat. */
  maxSize: number;
  /** Files of a chat as messages. */
  sharedFiles(messaging: MessagingForFiles): SharedFiles;
}

const HOUR = 3_600_000;
/** Bytes of what the settings call a megabyte. */
export const MEGABYTE = 1024 * 1024;

/** Builds the media module. */
export const createMediaModule = (parts: MediaParts): MediaModule => {
  const { config, secret, media, access, clock } = parts;
  const storage = createStorage(config);
  const temporary = join(mediaDirectory(config), 'tmp');
  mkdirSync(temporary, { recursive: true });
  const baseUrl = config.publicUrl?.replace(/\/$/, '');
  const links = new MediaLinks(createHash('sha256').update(`media:${secret}`).digest('hex'), {
    baseUrl,
    minutes: config.mediaUrlMinutes,
    clock,
  });
  const maxSize = config.maxUploadMb * MEGABYTE;
  const uses = new MediaUses(parts.messages);
  const stored = new StoredFiles({ media, storage, quota: config.mediaQuotaMb * MEGABYTE });
  const uploads = new MediaUploads({
    stored,
    access,
    scanner: createScanner(config),
    // Processes of their own each: who uploads a document does not wait for images.
    images: new ImageProcessor(new MediaWorkers()),
    inspector: new FileInspector(new MediaWorkers()),
    clock,
  });
  const library = new MediaLibrary({ ...parts, stored, uses });
  const direct = new DirectUploads({
    media,
    storage,
    uploads,
    links,
    clock,
    baseUrl,
    temporary,
    maxSize,
  });
  const avatars = new Avatars({ ...parts, uploads, links });
  const isAllowedUrl = externalUrlPolicy(config.mediaExternalHosts);
  return {
    claims: new MediaClaims({ media, uses, links, clock, isAllowedUrl }),
    orphans: new OrphanCollector({
      ...parts,
      stored,
      uses,
      graceMs: config.mediaOrphanHours * HOUR,
    }),
    temporaryFiles: new TemporaryFiles(temporary, clock),
    uploads,
    library,
    direct,
    links,
    avatars,
    storage,
    temporary,
    maxSize,
    sharedFiles: ({ remove, ...messaging }) =>
      new SharedFiles({ ...parts, ...messaging, uploads, stored, links, deletion: remove }),
  };
};
