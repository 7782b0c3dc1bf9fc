import { openAsBlob } from 'node:fs';
import { basename, dirname } from 'node:path/posix';
import ImageKit, { NotFoundError, toFile } from '@imagekit/nodejs';
import { saveLimited } from './limited-download.js';
import type {
  DirectUpload,
  DirectUploadRequest,
  ServeOptions,
  StorageDriver,
  StoredFile,
} from './storage-driver.js';
import { StoreAnswer, storageError, uploadError } from './storage-errors.js';

/** An ImageKit account. */
export interface ImageKitOptions {
  publicKey: string;
  privateKey: string;
  urlEndpoint: string;
  /** Address of the API; unset: ImageKit's own. */
  apiUrl: string | undefined;
}

/** Longest time for one call, in milliseconds; an upload of 100 MB over a slow line takes minutes. */
const TIMEOUT_MS = 5 * 60_000;
const UPLOAD_HOST = 'https://upload.imagekit.io';
/** Seconds for which the server itself may fetch an upload. */
const FETCH_SECONDS = 60;

/** ImageKit. Files are private: their addresses are signed and expire. */
export class ImageKitDriver implements StorageDriver {
  readonly name = 'imagekit';
  private readonly client: ImageKit;

  constructor(private readonly options: ImageKitOptions) {
    this.client = new ImageKit({
      privateKey: options.privateKey,
      ...(options.apiUrl !== undefined && { baseURL: options.apiUrl }),
      // A repeated upload is harmless, since the name stays; but the caller waits long enough as it is.
      maxRetries: 0,
      timeout: TIMEOUT_MS,
    });
  }

  async put(path: string, { key, mimeType }: StoredFile): Promise<string | undefined> {
    return this.calling(async () => {
      const blob = await openAsBlob(path, { type: mimeType });
      const { fileId } = await this.client.files.upload({
        file: await toFile(blob, basename(key), { type: mimeType }),
        fileName: basename(key),
        folder: `/${dirname(key)}/`,
        useUniqueFileName: false,
        isPrivateFile: true,
      });
      return fileId;
    }, uploadError);
  }

  async remove(key: string, ref?: string): Promise<void> {
    await this.calling(async () => {
      const fileId = ref ?? (await this.find(key));
      if (fileId === undefined) return;
      await this.client.files.delete(fileId).catch((error: unknown) => {
        if (!(error instanceof NotFoundError)) throw error;
      });
    });
  }

  signedUrl(key: string, { disposition, expiresIn }: ServeOptions): Promise<string> {
    return Promise.resolve(
      this.client.helper.buildSrc({
        urlEndpoint: this.options.urlEndpoint,
        src: `/${key}`,
        signed: true,
        expiresIn,
        ...(disposition.startsWith('attachment') && {
          queryParameters: { 'ik-attachment': 'true' },
        }),
      }),
    );
  }

  directUpload({ key, token, expire }: DirectUploadRequest): Promise<DirectUpload> {
    const { signature } = this.client.helper.getAuthenticationParameters(token, expire);
    return Promise.resolve({
      uploadUrl: `${this.options.apiUrl ?? UPLOAD_HOST}/api/v1/files/upload`,
      method: 'POST',
      fields: {
        publicKey: this.options.publicKey,
        token,
        expire: String(expire),
        signature,
        fileName: basename(key),
        folder: `/${dirname(key)}/`,
        useUniqueFileName: 'false',
        isPrivateFile: 'true',
      },
      token,
      expire,
      signature,
    });
  }

  async download(key: string, path: string, maxSize: number): Promise<{ ref: string } | undefined> {
    return this.calling(async () => {
      const ref = await this.find(key);
      if (ref === undefined) return undefined;
      const url = await this.signedUrl(key, {
        mimeType: '',
        disposition: 'inline',
        filename: '',
        expiresIn: FETCH_SECONDS,
      });
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const answer = await fetch(url, { signal });
      if (!answer.ok || !answer.body) throw new StoreAnswer('ImageKit', answer.status);
      await saveLimited(answer.body, path, maxSize, signal);
      return { ref };
    });
  }

  private async find(key: string): Promise<string | undefined> {
    const found = await this.client.assets.list({
      path: `/${dirname(key)}`,
      searchQuery: `name = "${basename(key)}"`,
      limit: 1,
    });
    const [file] = found as { fileId?: string }[];
    return file?.fileId;
  }

  private async calling<T>(call: () => Promise<T>, failed = storageError): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw failed(error);
    }
  }
}
