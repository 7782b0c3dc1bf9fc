import { Types } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import { safeFileName } from './file-name.js';
import { THUMBNAIL_TYPE } from './image-processor.js';
import type { UploadTarget } from './incoming-file.js';
import type { MediaDoc } from './media.model.js';
import type { PreparedFile } from './prepared-file.js';

/** What a new row is made of. */
export interface NewMedia {
  ownerId: string;
  /** What the client calls the file. */
  name: string;
  target: UploadTarget;
  prepared: PreparedFile;
  now: Date;
  /** The row of a direct upload, which becomes the file's. */
  expected: MediaDoc | undefined;
}

/** The row of a file that is about to be stored; it also decides where the file will lie. */
export const newMediaRow = ({
  ownerId,
  name,
  target,
  prepared: { type, size, thumbnailPath, thumbnailSize = 0, width, height, duration },
  now,
  expected,
}: NewMedia): MediaDoc => {
  const _id = expected?._id ?? new Types.ObjectId();
  const folder =
    target.purpose === 'chat' ? `uploads/chat/${target.chatId}` : `uploads/avatar/${ownerId}`;
  const base = `${folder}/${_id.toHexString()}`;
  return {
    _id,
    ownerId: objectId(ownerId),
    purpose: target.purpose,
    chatIds: target.purpose === 'chat' ? [objectId(target.chatId)] : [],
    status: 'storing',
    kind: type.kind,
    filename: safeFileName(name, type.extension),
    mimeType: type.mimeType,
    size: size + thumbnailSize,
    key: `${base}.${type.extension}`,
    ...(thumbnailPath && {
      thumbnail: { key: `${base}-thumb.webp`, mimeType: THUMBNAIL_TYPE },
    }),
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(duration !== undefined && { duration }),
    createdAt: now,
    uncertainSince: now,
    ...(expected && { directKey: expected.key }),
  };
};
