import type { MediaLinks, MediaRecord } from '../../../modules/media/index.js';

/** Addresses of a file's contents, as the reader may use them. */
export interface MediaAddresses {
  url: string;
  thumbnailUrl: string | null;
}

/** A stored file in the shape that uploads answer with and `send_media` takes. */
export const presentMedia = (file: MediaRecord, { url, thumbnailUrl }: MediaAddresses) => {
  const fileId = file._id.toHexString();
  return {
    id: fileId,
    _id: fileId,
    fileId,
    url,
    thumbnailUrl,
    messageType: file.kind,
    type: file.kind,
    filename: file.filename,
    size: file.size,
    mimeType: file.mimeType,
    width: file.width ?? null,
    height: file.height ?? null,
    duration: file.duration ?? null,
    createdAt: file.createdAt.toISOString(),
  };
};

/** A file for one reader: with addresses that work in an `<img>` for a while. */
export const presentFor = (links: MediaLinks, file: MediaRecord, userId: string) => {
  const fileId = file._id.toHexString();
  return presentMedia(file, {
    url: links.sign(fileId, 'full', userId),
    thumbnailUrl: file.thumbnail ? links.sign(fileId, 'thumbnail', userId) : null,
  });
};
