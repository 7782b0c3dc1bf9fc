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
