import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import { AppError, notFound } from '../../shared/errors.js';
import { PageEnds } from '../../shared/page-ends.js';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import { paginate } from '../../shared/pagination.js';
import type {
  DeleteMessage,
  MessageReader,
  MessageDoc,
  MessageHistory,
  MessageView,
  SendMessage,
  Sent,
} from '../messages/index.js';
import {
  CHAT_FILES_BY_TYPE_INDEX,
  CHAT_FILES_INDEX,
  WITHOUT_PAST_TEXTS,
  toRecord,
} from '../messages/index.js';
import { toAttachment } from './attachment-claims.js';
import { digestOf } from './file-digest.js';
import type { IncomingFile } from './incoming-file.js';
import type { MediaLinks } from './media-links.js';
import type { MediaDoc, MediaKind } from './media.model.js';
import type { MediaUploads } from './media-uploads.js';
import type { StoredFiles } from './stored-files.js';

/** Finds the chat that a `room` names. */
export interface RoomResolver {
  find(room: string): Promise<string>;
  enter(actor: Actor, room: string): Promise<string>;
}

/** What shared files are built from. */
export interface SharedFilesParts {
  messages: Model<MessageDoc>;
  media: Model<MediaDoc>;
  uploads: MediaUploads;
  stored: StoredFiles;
  links: MediaLinks;
  rooms: RoomResolver;
  sender: SendMessage;
  seen: MessageReader;
  history: MessageHistory;
  deletion: DeleteMessage;
}

/** A page of a room's files; without `type`, of every kind. */
export interface RoomFilesQuery extends PageQuery {
  type?: MediaKind;
}

/** A room's files in numbers; sizes in bytes. */
export interface FileStats {
  room: string;
  chatId: string;
  totalFiles: number;
  totalSize: number;
  byType: Record<MediaKind, { count: number; size: number }>;
}

/** Files of a chat as messages: sharing one writes its message, removing it deletes the message. */
export class SharedFiles {
  private readonly pages = new PageEnds<number>();

  constructor(private readonly parts: SharedFilesParts) {}

  /**
   * Uploads a file to a room and sends the message with it. A retry under the same client id is answered
   * with the message that is there.
   *
   * @throws {AppError} as uploads and sending do, then nothing stays; GONE for a retry of what has been
   *   removed since.
   */
  async share(
    actor: Actor,
    file: IncomingFile,
    target: { room?: string; chatId?: string; content?: string; clientMessageId?: string },
  ): Promise<{ doc: MediaDoc; sent: Sent }> {
    const { uploads, rooms, sender, links } = this.parts;
    const { content = '', clientMessageId } = target;
    const chatId = target.chatId ?? (await rooms.enter(actor, target.room ?? ''));
    const filesDigest = clientMessageId === undefined ? undefined : await digestOf(file.path);
    const common = { chatId, content, clientMessageId, filesDigest };
    const earlier = await sender.replay(actor, { ...common, messageType: 'file', media: [] });
    if (earlier) return this.shared(earlier);
    const doc = await uploads.store(actor, file, { purpose: 'chat', chatId });
    const media = [toAttachment(doc, links)];
    const sending = sender.send(actor, { ...common, messageType: doc.kind, media });
    const sent = await sending.catch(async (error: unknown) => {
      // After any other error the message may be there all the same, and the collector will know.
      if (error instanceof AppError && error.status < 500) await this.letGo(doc);
      throw error;
    });
    if (!sent.isReplay) return { doc, sent };
    await this.letGo(doc);
    return this.shared(sent);
  }

  /** Removes an upload that no message has; what the store cannot remove now is left to the collector. */
  private async letGo(doc: MediaDoc): Promise<void> {
    await this.parts.stored.discard(doc).catch(() => undefined);
  }

  /** A message that was sent before, with its file. */
  private async shared(sent: Sent): Promise<{ doc: MediaDoc; sent: Sent }> {
    const [attachment] = sent.message.media;
    const doc = attachment?.fileId && (await this.parts.media.findById(attachment.fileId).lean());
    if (!doc) throw new AppError('GONE', 'This file was shared before, and has been removed since');
    return { doc, sent };
  }

  /**
   * Messages with files of a room, newest first.
   *
   * @throws {AppError} NOT_FOUND for a room that the actor may not read.
   */
  async list(
    actor: Actor,
    room: string,
    { page, limit, type }: RoomFilesQuery,
  ): Promise<{ views: MessageView[]; pagination: Pagination }> {
    const { history } = this.parts;
    const chatId = await this.parts.rooms.find(room);
    const files = await this.filesFor(actor, chatId, type);
    const before = (seq: number | undefined) => this.read(actor, files, seq);
    const [docs, total] = await Promise.all([
      this.pages.read(
        `${actor.userId} ${chatId} ${type ?? ''}`,
        { page, limit },
        async (seq, count) => {
          const passed = await before(seq)
            .project<Place>({ seq: 1, _id: 0 })
            .limit(count)
            .toArray();
          return passed[count - 1]?.seq;
        },
        (seq) => before(seq).limit(limit).toArray(),
        ({ seq }) => seq,
      ),
      this.count(actor, files),
    ]);
    return {
      views: await history.views(chatId, docs.map(toRecord)),
      pagination: paginate({ page, limit }, total),
    };
  }

  /**
   * How many files of which kind a room has.
   *
   * @throws {AppError} NOT_FOUND for a room that the actor may not read.
   */
  async stats(actor: Actor, room: string): Promise<FileStats> {
    const chatId = await this.parts.rooms.find(room);
    const files = await this.filesFor(actor, chatId);
    const none = () => ({ count: 0, size: 0 });
    const byType = { image: none(), video: none(), audio: none(), file: none() };
    const cursor = this.read(actor, files).project<Pick<MessageDoc, 'media'>>({ media: 1, _id: 0 });
    for await (const { media } of cursor) {
      for (const { type = 'file', size = 0 } of media) {
        byType[type].count += 1;
        byType[type].size += size;
      }
    }
    const all = Object.values(byType);
    return {
      room,
      chatId,
      totalFiles: all.reduce((sum, { count }) => sum + count, 0),
      totalSize: all.reduce((sum, { size }) => sum + size, 0),
      byType,
    };
  }

  /**
   * Deletes a file's message for everyone.
   *
   * @throws {AppError} NOT_FOUND when there is no such message or it has no file, FORBIDDEN for others'.
   */
  async remove(actor: Actor, messageId: string): Promise<void> {
    const { doc } = await this.parts.seen.ofMember(actor, messageId);
    if (doc.media.length === 0) throw notFound('File');
    await this.parts.deletion.delete(actor, { messageIds: [messageId] });
  }

  /** Messages with files that the actor may see, newest first. */
  private read(actor: Actor, { filter, hint }: ChatFiles, below = Infinity) {
    const { collection } = this.parts.messages;
    const seq = { ...filter.seq, ...(below !== Infinity && { $lt: below }) };
    return collection
      .find<MessageDoc>({ ...filter, seq, deletedFor: { $ne: objectId(actor.userId) } })
      .project<MessageDoc>(WITHOUT_PAST_TEXTS)
      .sort({ seq: -1 })
      .hint(hint);
  }

  /**
   * How many there are. An index alone tells how many the chat has; what the actor has deleted for
   * themselves is little, and counted apart.
   */
  private async count({ userId }: Actor, { filter, hint }: ChatFiles): Promise<number> {
    const { collection } = this.parts.messages;
    const [all, hidden] = await Promise.all([
      collection.countDocuments(filter, { hint }),
      collection.countDocuments({ ...filter, deletedFor: objectId(userId) }),
    ]);
    return all - hidden;
  }

  private async filesFor(actor: Actor, chatId: string, type?: MediaKind): Promise<ChatFiles> {
    const above = await this.parts.seen.readableAbove(actor, chatId);
    return {
      // What was deleted for everyone has lost its files.
      filter: {
        chatId: objectId(chatId),
        'media.type': { $exists: true },
        ...(type && { messageType: type }),
        seq: { $gt: above },
      },
      hint: type ? CHAT_FILES_BY_TYPE_INDEX : CHAT_FILES_INDEX,
    };
  }
}

/** Where a page ends. */
type Place = Pick<MessageDoc, 'seq'>;

/** The files of a chat, for the driver: past Mongoose, which does not know `media`. */
interface ChatFiles {
  filter: { seq: { $gt: number } } & Record<string, unknown>;
  /** The index that has these and no others. */
  hint: string;
}
