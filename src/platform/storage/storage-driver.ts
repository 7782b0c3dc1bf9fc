/** What the store needs to know about a file. */
export interface StoredFile {
  /** Where the file lies in the store: folders and name, of letters, digits, `.`, `-` and `_` alone. */
  key: string;
  mimeType: string;
  /** Bytes. */
  size: number;
}

/** How a remote store is asked to serve a file. */
export interface ServeOptions {
  mimeType: string;
  /** Value of the Content-Disposition header, for stores that take one. */
  disposition: string;
  /** The name for people that is in it, for stores that make a header of their own. */
  filename: string;
  /** Seconds for which the address is good. */
  expiresIn: number;
}

/** A permission for a client to upload one file to the store itself. */
export interface DirectUpload {
  uploadUrl: string;
  method: 'POST';
  /** Form fields to send before the field `file`. */
  fields: Record<string, string>;
  token: string;
  /** Unix time in seconds. */
  expire: number;
  signature: string;
}

/** What a direct upload may be. */
export interface DirectUploadRequest {
  key: string;
  token: string;
  /** Unix time in seconds. */
  expire: number;
  /** Bytes. */
  maxSize: number;
}

/**
 * A place for uploaded files. All methods throw {@link AppError} STORAGE_UNAVAILABLE when the store
 * does not answer, and INSUFFICIENT_STORAGE when it is full; a `put` that throws has left nothing, but for
 * one that throws `UnansweredUpload`: the object may be there, or come.
 */
export interface StorageDriver {
  readonly name: 'local' | 'imagekit' | 's3' | 'cloudinary';
  /**
   * Stores the file at `path`, which the driver may move away. Doing it again with the same key replaces the same object.
   *
   * @returns the store's own name for the object, where it has one besides the key.
   * @throws {UnansweredUpload} when nobody knows whether the store has it.
   */
  put(path: string, file: StoredFile): Promise<string | undefined>;
  /** Removes an object; removing what is not there is no error. */
  remove(key: string, ref?: string): Promise<void>;
  /** The file of an object on this machine; undefined for remote stores. */
  localPath?(key: string): string;
  /** An address of the object that expires; remote stores only. */
  signedUrl?(key: string, options: ServeOptions): Promise<string>;
  /** Lets a client upload to the store itself; remote stores only. */
  directUpload?(request: DirectUploadRequest): Promise<DirectUpload>;
  /**
   * Copies what a client has uploaded to `path`.
   *
   * @returns the store's own name for the object, where it has one; undefined when it is not there.
   * @throws {AppError} PAYLOAD_TOO_LARGE when it is longer than `maxSize` bytes.
   */
  download?(
    key: string,
    path: string,
    maxSize: number,
  ): Promise<{ ref: string | undefined } | undefined>;
}
