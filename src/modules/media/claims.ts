import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { invalidInput, notFound } from '../../shared/errors.js';
import { isId } from '../../shared/ids.js';
import type { Attachment, AttachmentClaims, MessagesRepository } from '../messages/index.js';
import type { MediaLinks } from './links.js';
import type { MediaRecord, MediaRepository } from './media.repository.js';

/** Replaces the clients' facts about attachments with the server's own. */
export class MediaClaims implements AttachmentClaims {
  constructor(
    private readonly deps: {
      media: MediaRepository;
      messages: MessagesRepository;
      links: MediaLinks;
      clock: Clock;
      /** Whether a foreign URL may be shown. */
      isAllowedUrl: (url: string) => boolean;
    },
  ) {}

  /** See {@link AttachmentClaims.recognise}. */
  recognise(media: Attachment[]): Attachment[] {
    return media.map((attachment) => {
      const fileId = attachment.fileId ?? this.deps.links.fileIdOf(attachment.url);
      return fileId === undefined ? attachment : { ...attachment, fileId };
    });
  }

  /** See {@link AttachmentClaims.claim}. */
  claim(
    actor: Actor,
    chatId: string,
    media: Attachment[],
    fromChatId?: string,
  ): Promise<Attachment[]> {
    return Promise.all(
      media.map(async (attachment, index) =>
        attachment.fileId === undefined
          ? this.foreign(attachment, index)
          : this.own(actor, chatId, attachment.fileId, fromChatId),
      ),
    );
  }

  /** See {@link AttachmentClaims.addressed}. */
  addressed(media: Attachment[]): Attachment[] {
    const { links } = this.deps;
    return media.map((attachment) => {
      const { fileId, thumbnailUrl } = attachment;
      if (fileId === undefined) return attachment;
      return {
        ...attachment,
        url: links.sign(fileId, 'full'),
        ...(thumbnailUrl && { thumbnailUrl: links.sign(fileId, 'thumbnail') }),
      };
    });
  }

  /** See {@link AttachmentClaims.release}. */
  async release(media: Attachment[]): Promise<void> {
    const fileIds = media.flatMap(({ fileId }) => fileId ?? []);
    if (fileIds.length === 0) return;
    await this.deps.media.markUncertain(fileIds, new Date(this.deps.clock.now()));
  }

  private foreign(attachment: Attachment, index: number): Attachment {
    const { url, thumbnailUrl } = attachment;
    const wrong = [url, ...(thumbnailUrl ? [thumbnailUrl] : [])].find(
      (address) => !this.deps.isAllowedUrl(address),
    );
    if (wrong !== undefined) {
      const path = `media.${index}.${wrong === url ? 'url' : 'thumbnailUrl'}`;
      throw invalidInput(path, 'an https address on an allowed host, or that of an own upload');
    }
    return { ...attachment, external: true };
  }

  /** An upload of the actor, or one attached to a message that is being forwarded. */
  private async own(
    actor: Actor,
    chatId: string,
    fileId: string,
    fromChatId: string | undefined,
  ): Promise<Attachment> {
    if (!isId(fileId)) throw notFound('File');
    const { media, messages, links, clock } = this.deps;
    const row = await media.findReady(fileId, 'chat');
    if (!row) throw notFound('File');
    const isMine = row.ownerId.equals(actor.userId);
    const isForwarded =
      fromChatId !== undefined && (await messages.isFileUsed(fileId, objectId(fromChatId)));
    if (!isMine && !isForwarded) throw notFound('File');
    // The grace period starts again, so that the collector does not remove the file while the message is
    // written.
    if (!(await media.claim(fileId, chatId, new Date(clock.now())))) throw notFound('File');
    return toAttachment(row, links);
  }
}

/** A file as messages keep it: facts and lasting addresses, which need a token or a signature. */
export const toAttachment = (row: MediaRecord, links: MediaLinks): Attachment => {
  const fileId = row._id.toHexString();
  const url = links.address(fileId);
  return {
    fileId,
    url,
    thumbnailUrl: row.thumbnail ? `${url}?v=thumbnail` : null,
    type: row.kind,
    filename: row.filename,
    size: row.size,
    mimeType: row.mimeType,
    width: row.width ?? null,
    height: row.height ?? null,
    duration: row.duration ?? null,
  };
};
