import type { FileInspector } from './file-inspector.js';
import type { AllowedType } from './file-type.js';
import type { ImageProcessor } from './image-processor.js';
import type { IncomingFile } from './incoming-file.js';

/** Content as it goes to the store. */
export interface PreparedFile {
  type: AllowedType;
  path: string;
  /** Bytes. */
  size: number;
  thumbnailPath?: string;
  thumbnailSize?: number;
  width?: number;
  height?: number;
  /** Seconds. */
  duration?: number;
}

/** Where preparing a file writes. */
const placesOf = ({ path }: IncomingFile) => ({ full: `${path}.full`, thumb: `${path}.thumb` });

/** All temporary files that there may be of an upload; whoever prepares it removes them in the end. */
export const temporaryPathsOf = (file: IncomingFile): string[] => [
  file.path,
  ...Object.values(placesOf(file)),
];

/**
 * Makes of an upload what is stored of it: an image is repacked and gets a thumbnail, of a recording it
 * is found out how long it plays.
 *
 * @throws {AppError} as {@link ImageProcessor.process}.
 */
export const prepareFile = async (
  { images, inspector }: { images: ImageProcessor; inspector: FileInspector },
  userId: string,
  file: IncomingFile,
  type: AllowedType,
): Promise<PreparedFile> => {
  if (type.kind !== 'image') {
    const duration = await inspector.playTime(userId, file.path, type);
    return { type, path: file.path, size: file.size, ...(duration !== undefined && { duration }) };
  }
  const { full, thumb } = placesOf(file);
  const format = type.mimeType.slice('image/'.length);
  const paths = { source: file.path, format, target: full, thumbnail: thumb };
  const image = await images.process(userId, paths);
  return { type, path: full, thumbnailPath: thumb, ...image };
};
