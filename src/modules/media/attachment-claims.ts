import type { Model } from 'mongoose';
import { trusted } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import { isId } from '../../shared/ids.js';
import type { Attachment, AttachmentClaims } from '../messages/index.js';
import type { MediaLinks } from './media-links.js';
import type { MediaDoc } from './media.model.js';
import type { MediaUses } from './media-uses.js';

/** What claims are built from. */
export interface MediaClaimsParts {
  media: Model<MediaDoc>;
  uses: MediaUses;
  links: MediaLinks;
  clock: Clock;
  /** Whether a foreign URL may be shown. */
  isAllowedUrl: (url: string) => boolean;
}

/** Replaces what clients say of attachments by what the server knows of them. */
export class MediaClaims implements AttachmentClaims {
  constructor(private readonly parts: MediaClaimsParts) {}

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
    const { links } = this.parts;
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
    const ids = media.flatMap(({ fileId }) => (fileId === undefined ? [] : [objectId(fileId)]));
    if (ids.length === 0) return;
    await this.parts.media.updateMany(
      { _id: trusted({ $in: ids }) },
      { $set: { uncertainSince: new Date(this.parts.clock.now()) } },
    );
  }

  private foreign(attachment: Attachment, index: number): Attachment {
    const { url, thumbnailUrl } = attachment;
    const wrong = [url, ...(thumbnailUrl ? [thumbnailUrl] : [])].find(
      (address) => !this.parts.isAllowedUrl(address),
    );
    if (wrong !== undefined) {
      const path = `media.${index}.${wrong === url ? 'url' : 'thumbnailUrl'}`;
      const message = `${path} must be an https address on an allowed host`;
      throw new AppError('VALIDATION', message, { errors: [{ path, message }] });
    }
    return { ...attachment, external: true };
  }

  /** An upload of the actor to this very chat, or one that hangs on a message being forwarded. */
  private async own(
    actor: Actor,
    chatId: string,
    fileId: string,
    fromChatId: string | undefined,
  ): Promise<Attachment> {
    if (!isId(fileId)) throw notFound('File');
    const { media, uses, links } = this.parts;
    const filter = { _id: objectId(fileId), purpose: 'chat' as const, status: 'ready' as const };
    const doc = await media.findOne(filter).lean();
    if (!doc) throw notFound('File');
    const isMine = doc.ownerId.equals(actor.userId) && doc.chatIds.some((id) => id.equals(chatId));
    const isForwarded =
      fromChatId !== undefined && (await uses.isUsed(fileId, objectId(fromChatId)));
    if (!isMine && !isForwarded) throw notFound('File');
    // The time counts anew, so that nobody removes the file while the message is written.
    const now = new Date(this.parts.clock.now());
    const { matchedCount } = await media.updateOne(filter, {
      $addToSet: { chatIds: objectId(chatId) },
      $set: { uncertainSince: now, claimedAt: now },
    });
    if (matchedCount === 0) throw notFound('File');
    return toAttachment(doc, links);
  }
}

/** A file as messages keep it: facts and lasting addresses, which need a token or a signature. */
export const toAttachment = (doc: MediaDoc, links: MediaLinks): Attachment => {
  const fileId = doc._id.toHexString();
  const url = links.address(fileId);
  return {
    fileId,
    url,
    thumbnailUrl: doc.thumbnail ? `${url}?v=thumbnail` : null,
    type: doc.kind,
    filename: doc.filename,
    size: doc.size,
    mimeType: doc.mimeType,
    width: doc.width ?? null,
    height: doc.height ?? null,
    duration: doc.duration ?? null,
  };
};
