import { AppError } from '../../shared/errors.js';
import type { MediaKind } from './media.model.js';

/** A type of file that may be uploaded. */
export interface AllowedType extends FileEndings {
  kind: MediaKind;
  mimeType: string;
}

/** The file extensions of a type. */
interface FileEndings {
  /** Added to names that end otherwise. */
  extension: string;
  /** Other extensions of the same content. */
  extensions: readonly string[];
}

const of = (
  kind: MediaKind,
  mimeType: string,
  extension: string,
  ...extensions: string[]
): AllowedType => ({ kind, mimeType, extension, extensions });

const DOC = of('file', 'application/msword', 'doc');
const MP4 = of('video', 'video/mp4', 'mp4', 'm4v');
const MPEG = of('video', 'video/mpeg', 'mpeg', 'mpg');
const M4A = of('audio', 'audio/mp4', 'm4a', 'mp4', 'm4b', 'mov');
const OGG = of('audio', 'audio/ogg', 'ogg', 'oga', 'opus');

/**
 * The types that may be uploaded, recognised by the content's first bytes. Text formats have no such bytes.
 */
const ALLOWED: Record<string, AllowedType> = {
  'image/jpeg': of('image', 'image/jpeg', 'jpg', 'jpeg', 'jfif'),
  'image/png': of('image', 'image/png', 'png'),
  'image/apng': of('image', 'image/png', 'png', 'apng'),
  'image/gif': of('image', 'image/gif', 'gif'),
  'image/webp': of('image', 'image/webp', 'webp'),
  'video/mp4': MP4,
  'video/x-m4v': MP4,
  'video/mpeg': MPEG,
  'video/MP1S': MPEG,
  'video/MP2P': MPEG,
  'video/quicktime': of('video', 'video/quicktime', 'mov', 'qt'),
  'video/webm': of('video', 'video/webm', 'webm'),
  'video/3gpp': of('video', 'video/3gpp', '3gp', '3gpp'),
  'video/3gpp2': of('video', 'video/3gpp2', '3g2', '3gp2'),
  'audio/mpeg': of('audio', 'audio/mpeg', 'mp3'),
  'audio/aac': of('audio', 'audio/aac', 'aac'),
  'audio/mp4': M4A,
  'audio/x-m4a': M4A,
  'audio/ogg': OGG,
  'audio/ogg; codecs=opus': OGG,
  'audio/wav': of('audio', 'audio/wav', 'wav', 'wave'),
  'audio/flac': of('audio', 'audio/flac', 'flac'),
  'application/pdf': of('file', 'application/pdf', 'pdf'),
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': of(
    'file',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'docx',
  ),
};

/** Sound in the containers that are usually films, by the film's MIME type. */
const SOUND: Record<string, AllowedType> = {
  'video/mp4': M4A,
  'video/quicktime': M4A,
  'video/3gpp': of('audio', 'audio/3gpp', '3gp', '3gpp'),
  'video/3gpp2': of('audio', 'audio/3gpp2', '3g2', '3gp2'),
  'video/webm': of('audio', 'audio/webm', 'weba', 'webm'),
};

/** The kind of container of a recording; undefined for other files. */
export const containerOf = (mimeType: string | undefined): 'iso' | 'matroska' | undefined => {
  if (/^(video|audio)\/(x-)?(mp4|m4[abv]|quicktime|3gpp2?)$/.test(mimeType ?? '')) return 'iso';
  return /^(video|audio)\/webm$/.test(mimeType ?? '') ? 'matroska' : undefined;
};

/** The type of a file according to its content. */
export interface FoundType {
  /** Undefined for content without such a sign. */
  mimeType: string | undefined;
  /** Whether a recording has video or only sound; undefined where its headers do not say. */
  tracks: 'film' | 'sound' | undefined;
}

/** The refusal of a type that is not on the list. */
export const typeNotAllowed = (): AppError =>
  new AppError(
    'UNSUPPORTED_MEDIA_TYPE',
    'Allowed are JPEG, PNG, GIF, WebP, MP4, MPEG, MOV, 3GP, WebM, MP3, M4A, AAC, OGG, WAV, FLAC, PDF, DOC and DOCX',
    { details: { reason: 'type' } },
  );

/**
 * The type of a file by its content. The client's name and type matter only for old Office files, and for
 * WebM without a list of tracks.
 *
 * @throws {AppError} UNSUPPORTED_MEDIA_TYPE.
 */
export const typeOf = (
  { mimeType, tracks }: FoundType,
  said: { name: string; mimeType: string },
): AllowedType => {
  if (mimeType === 'application/x-cfb' && /\.doc$/i.test(said.name)) return DOC;
  const allowed =
    mimeType !== undefined && Object.hasOwn(ALLOWED, mimeType) ? ALLOWED[mimeType] : undefined;
  if (!allowed) throw typeNotAllowed();
  const isSaidToBeSound = mimeType === 'video/webm' && said.mimeType.startsWith('audio/webm');
  const isSound = tracks === 'sound' || (tracks === undefined && isSaidToBeSound);
  return (isSound && SOUND[allowed.mimeType]) || allowed;
};

/** The name of files without one. */
const NAMELESS = 'file';
/** Longest name that is kept without its extension, in characters. */
const MAX_LENGTH = 120;
/**
 * Characters removed from names: control and direction-changing characters, line ends, and invisible ones
 * that join nothing. Joiners stay, because scripts and emoji need them; so do the invisible parts of a flag
 * such as Scotland's.
 */
const UNSEEN =
  /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\p{Zl}\p{Zp}\p{Bidi_Control}\u00ad\u180e\u200b\u2060-\u206f\ufeff\ufff9-\ufffc\u3164\uffa0\u115f\u1160]|(?<!\u{1f3f4}[\u{e0020}-\u{e007e}]{0,15})[\u{e0000}-\u{e007f}]/gu;
/** Spaces and dots at the end; looked for at the beginning of each such row alone, for names may be long. */
const LOOSE_END = /(?<![\s.])[\s.]+$/u;

/**
 * A recognisable name that is safe in a header: no path, no invisible characters but joiners, no leading
 * dots, bounded length. The content's extension is added unless the name already has a fitting one.
 */
export const safeFileName = (given: string, { extension, extensions }: FileEndings): string => {
  const { name, hadDots } = visiblePart(given);
  const dot = name.lastIndexOf('.');
  const ending = name.slice(dot + 1);
  if (dot > 0 && [extension, ...extensions].includes(ending.toLowerCase())) {
    return `${shortened(name.slice(0, dot))}.${ending}`;
  }
  const isEndingAlone = hadDots && name.toLowerCase() === extension;
  return `${isEndingAlone ? NAMELESS : shortened(name.replace(LOOSE_END, ''))}.${extension}`;
};

/** The message type of a file whose content is unknown. */
export const safeFileLabel = (given: string): string => shortened(visiblePart(given).name);

/** Of a very long name this much of both ends, in UTF-16 units: to put many accents in order takes very long. */
const LOOKED_AT = 1000;

/** A name without path and leading dots, and whether it had such dots. */
const visiblePart = (given: string): { name: string; hadDots: boolean } => {
  // A browser may send a path; what counts is its last part.
  const part = given.split(/[/\\]/).at(-1) ?? '';
  const ends =
    part.length > 2 * LOOKED_AT ? part.slice(0, LOOKED_AT) + part.slice(-LOOKED_AT) : part;
  const last = ends.replace(UNSEEN, '');
  const name = last.normalize('NFC').replace(/^[\s.]+/u, '');
  return { name: name.trimEnd(), hadDots: /^\s*\./u.test(last) };
};

const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The beginning of a name, without half an emoji or a letter that lacks its accents. */
const shortened = (name: string): string => {
  let short = '';
  let length = 0;
  // Only the beginning is examined, which bounds the cost of a long name.
  for (const { segment } of GRAPHEMES.segment([...name].slice(0, MAX_LENGTH * 2).join(''))) {
    length += [...segment].length;
    if (length > MAX_LENGTH) break;
    short += segment;
  }
  return /[^\s\u200c\u200d]/u.test(short) ? short : NAMELESS;
};

/**
 * The Content-Disposition header of a file (RFC 6266): an ASCII name for all clients, the real one (RFC 5987)
 * for those that support it.
 */
export const dispositionOf = (type: 'inline' | 'attachment', filename: string): string => {
  const ascii = filename.replace(/[^\x20-\x7e]/gu, '_').replace(/["\\%]/g, '_');
  const encoded = encodeURIComponent(filename).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${type}; filename="${ascii}"; filename*=UTF-8''${encoded}`;
};
