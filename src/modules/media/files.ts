import { AppError } from '../../shared/errors.js';
import type { MediaKind } from './media.model.js';

/** A type of file that may be uploaded. */
export interface AllowedType {
  kind: MediaKind;
  mimeType: string;
  extension: string;
}

const of = (kind: MediaKind, mimeType: string, extension: string): AllowedType => ({
  kind,
  mimeType,
  extension,
});

const DOC = of('file', 'application/msword', 'doc');
const MP4 = of('video', 'video/mp4', 'mp4');
const MPEG = of('video', 'video/mpeg', 'mpeg');
const M4A = of('audio', 'audio/mp4', 'm4a');
const OGG = of('audio', 'audio/ogg', 'ogg');

/** What may be uploaded, by what the content's first bytes say. Text formats have no such bytes. */
const ALLOWED: Record<string, AllowedType> = {
  'image/jpeg': of('image', 'image/jpeg', 'jpg'),
  'image/png': of('image', 'image/png', 'png'),
  'image/apng': of('image', 'image/png', 'png'),
  'image/gif': of('image', 'image/gif', 'gif'),
  'image/webp': of('image', 'image/webp', 'webp'),
  'video/mp4': MP4,
  'video/x-m4v': MP4,
  'video/mpeg': MPEG,
  'video/MP1S': MPEG,
  'video/MP2P': MPEG,
  'video/quicktime': of('video', 'video/quicktime', 'mov'),
  'video/webm': of('video', 'video/webm', 'webm'),
  'audio/mpeg': of('audio', 'audio/mpeg', 'mp3'),
  'audio/aac': of('audio', 'audio/aac', 'aac'),
  'audio/mp4': M4A,
  'audio/x-m4a': M4A,
  'audio/ogg': OGG,
  'audio/ogg; codecs=opus': OGG,
  'audio/wav': of('audio', 'audio/wav', 'wav'),
  'audio/flac': of('audio', 'audio/flac', 'flac'),
  'application/pdf': of('file', 'application/pdf', 'pdf'),
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': of(
    'file',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'docx',
  ),
};

/** The refusal of a type that is not on the list. */
export const typeNotAllowed = (): AppError =>
  new AppError(
    'UNSUPPORTED_MEDIA_TYPE',
    'Allowed are JPEG, PNG, GIF, WebP, MP4, MPEG, MOV, WebM, MP3, M4A, AAC, OGG, WAV, FLAC, PDF, DOC and DOCX',
  );

/**
 * The type of a file by what its first bytes say; what the client calls it counts only where one
 * container format serves several: old Office files, and WebM with sound alone.
 *
 * @param found the MIME type that its content has.
 * @throws {AppError} UNSUPPORTED_MEDIA_TYPE.
 */
export const typeOf = (
  found: string | undefined,
  said: { name: string; mimeType: string },
): AllowedType => {
  if (found === 'application/x-cfb' && /\.doc$/i.test(said.name)) return DOC;
  if (found === 'video/webm' && said.mimeType.startsWith('audio/webm')) {
    return of('audio', 'audio/webm', 'weba');
  }
  const allowed = found && Object.hasOwn(ALLOWED, found) ? ALLOWED[found] : undefined;
  if (!allowed) throw typeNotAllowed();
  return allowed;
};

/** Longest name that is kept, in characters. */
const MAX_LENGTH = 120;
/** Control and direction-changing characters, and those that paths, shells or headers read. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}"'`\\/:*?<>|;]/gu;

/**
 * A name that may stand in a header and be saved on any system: no path, no control characters, no
 * quotes, no leading dots, of bounded length, and with the ending that belongs to its content.
 */
export const safeFileName = (given: string, extension: string): string => {
  // A browser may send a path; what counts is its last part.
  const last = given.split(/[/\\]/).at(-1) ?? '';
  const clean = last.normalize('NFC').replace(UNSAFE, '').trim().replace(/^\.+/, '');
  const stem = clean.replace(/\.[^.]*$/, '').trim();
  return `${[...stem].slice(0, MAX_LENGTH).join('') || 'file'}.${extension}`;
};

/** The Content-Disposition header of a file: an ASCII name for all, the real one for those who know. */
export const dispositionOf = (type: 'inline' | 'attachment', filename: string): string => {
  const ascii = filename.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%]/g, '_');
  const encoded = encodeURIComponent(filename).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${type}; filename="${ascii}"; filename*=UTF-8''${encoded}`;
};
