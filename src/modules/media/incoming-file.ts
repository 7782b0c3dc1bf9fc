/** A file that has come in, in a temporary place. */
export interface IncomingFile {
  path: string;
  /** What the client calls it. */
  name: string;
  mimeType: string;
  /** Bytes. */
  size: number;
}

/** What a file is uploaded for. */
export type UploadTarget = { purpose: 'chat'; chatId: string } | { purpose: 'avatar' };
