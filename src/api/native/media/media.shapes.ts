import type { MediaDoc, MediaLinks } from '../../../modules/media/index.js';
import type { Actor } from '../../../shared/actor.js';

/** Addresses of a file's contents, as the reader may use them. */
export interface MediaAddresses {
  url: string;
  thumbnailUrl: string | null;
}

/** A stored file in the shape that uploads answer with and `send_media` takes. */
export const presentMedia = (doc: MediaDoc, { url, thumbnailUrl }: MediaAddresses) => {
  const fileId = doc._id.toHexString();
  return {
    id: fileId,
    _id: fileId,
    fileId,
    url,
    thumbnailUrl,
    messageType: doc.kind,
    type: doc.kind,
    filename: doc.filename,
    size: doc.size,
    mimeType: doc.mimeType,
    width: doc.width ?? null,
    height: doc.height ?? null,
    duration: doc.duration ?? null,
    createdAt: doc.createdAt.toISOString(),
  };
};

/** A file for one reader: with addresses that work in an `<img>` for a while. */
export const presentFor = (links: MediaLinks, doc: MediaDoc, actor: Actor) => {
  const fileId = doc._id.toHexString();
  return presentMedia(doc, {
    url: links.sign(fileId, 'full', actor.userId),
    thumbnailUrl: doc.thumbnail ? links.sign(fileId, 'thumbnail', actor.userId) : null,
  });
};
