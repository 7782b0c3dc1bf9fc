import type { Actor } from '../../shared/actor.js';
import { AppError, notFound } from '../../shared/errors.js';
import { PageEnds } from '../../shared/page-ends.js';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import { paginate } from '../../shared/pagination.js';
import type {
  MessageChanges,
  FilesQuery,
  MessageHistory,
  MessageReader,
  MessagesRepository,
  MessageView,
  SendMessage,
  Sent,
} from '../messages/index.js';
import { toAttachment } from './claims.js';
import type { MediaLibrary } from './library.js';
import type { MediaLinks } from './links.js';
import type { MediaKind } from './media.model.js';
import type { MediaRecord } from './media.repository.js';
import { digestOf } from './stored-files.js';
import type { IncomingFile, MediaUploads } from './uploads.js';

/** Finds the chat that a `room` names. */
export interface RoomResolver {
  find(room: string): Promise<string>;
  enter(actor: Actor, room: string): Promise<string>;
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

  constructor(
    private readonly deps: {
      messages: MessagesRepository;
      uploads: MediaUploads;
      library: MediaLibrary;
      links: MediaLinks;
      rooms: RoomResolver;
      sending: SendMessage;
      reader: MessageReader;
      history: MessageHistory;
      deletion: MessageChanges;
    },
  ) {}

  /**
   * Uploads a file to a room and sends the message with it. A retry under the same client id is answered with
   * the first message.
   *
   * @throws {AppError} as uploads and sending do, then nothing stays; GONE for a retry when the file has been
   *   removed since.
   */
  async share(
    actor: Actor,
    file: IncomingFile,
    target: { room?: string; chatId?: string; content?: string; clientMessageId?: string },
  ): Promise<{ file: MediaRecord; sent: Sent }> {
    const { uploads, rooms, sending, links } = this.deps;
    const { content = '', clientMessageId } = target;
    const chatId = target.chatId ?? (await rooms.enter(actor, target.room ?? ''));
    const filesDigest = clientMessageId === undefined ? undefined : await digestOf(file.path);
    const common = { chatId, content, clientMessageId, filesDigest };
    const earlier = await sending.replay(actor, { ...common, messageType: 'file', media: [] });
    if (earlier) return this.shared(earlier);
    const stored = await uploads.store(actor.userId, file, { purpose: 'chat', chatId });
    const media = [toAttachment(stored, links)];
    const sent = await sending
      .send(actor, { ...common, messageType: stored.kind, media })
      .catch(async (error: unknown) => {
        // After any other error the message may have been written; the collector will find out.
        if (error instanceof AppError && error.status < 500) await uploads.discard(stored);
        throw error;
      });
    if (!sent.isReplay) return { file: stored, sent };
    await uploads.discard(stored);
    return this.shared(sent);
  }

  /** A message that was sent before, with its file. */
  private async shared(sent: Sent): Promise<{ file: MediaRecord; sent: Sent }> {
    const [attachment] = sent.message.media;
    const file = attachment?.fileId && (await this.deps.library.record(attachment.fileId));
    if (!file)
      throw new AppError('GONE', 'This file was shared before, and has been removed since');
    return { file, sent };
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
    const { history, messages, rooms } = this.deps;
    const chatId = await rooms.find(room);
    const files = await this.filesFor(actor, chatId, type);
    const [records, total] = await Promise.all([
      this.pages.read(
        `${actor.userId} ${chatId} ${type ?? ''}`,
        { page, limit },
        (seq, count) => messages.seqAfterFiles(files, seq, count),
        (seq) => messages.withFiles(files, seq, limit),
        ({ seq }) => seq,
      ),
      messages.countFiles(files),
    ]);
    return {
      views: await history.views(actor, chatId, records),
      pagination: paginate({ page, limit }, total),
    };
  }

  /**
   * How many files of which kind a room has.
   *
   * @throws {AppError} NOT_FOUND for a room that the actor may not read.
   */
  async stats(actor: Actor, room: string): Promise<FileStats> {
    const chatId = await this.deps.rooms.find(room);
    const files = await this.filesFor(actor, chatId);
    const none = () => ({ count: 0, size: 0 });
    const byType = { image: none(), video: none(), audio: none(), file: none() };
    for await (const attachments of this.deps.messages.attachments(files)) {
      for (const { type = 'file', size = 0 } of attachments) {
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
    const { doc } = await this.deps.reader.ofMember(actor, messageId);
    if (doc.media.length === 0) throw notFound('File');
    await this.deps.deletion.delete(actor, { messageIds: [messageId] });
  }

  private async filesFor(actor: Actor, chatId: string, type?: MediaKind): Promise<FilesQuery> {
    const above = await this.deps.reader.readableAbove(actor, chatId);
    return { userId: actor.userId, chatId, above, type };
  }
}
