import { openAsBlob } from 'node:fs';
import { basename } from 'node:path/posix';
import { v2 as cloudinary } from 'cloudinary';
import { saveLimited } from './limited-download.js';
import type {
  DirectUpload,
  DirectUploadRequest,
  ServeOptions,
  StorageDriver,
  StoredFile,
} from './storage-driver.js';
import { StoreAnswer, storageError, uploadError } from './storage-errors.js';

/** A Cloudinary account. */
export interface CloudinaryOptions {
  cloudName: string;
  apiKey: string;
  apiSecret: string;
  /** Address of the API; unset: Cloudinary's own. */
  apiUrl: string | undefined;
}

type Params = Record<string, string | number>;

const TIMEOUT_MS = 5 * 60_000;
const API = 'https://api.cloudinary.com';
const FETCH_SECONDS = 60;
/** `private`: the original can only be had through a signed address that expires. */
const DELIVERY = 'private';

/**
 * Cloudinary. Everything is stored as `raw`, byte for byte as the server made it.
 *
 * The SDK signs; the calls are made with `fetch`, because the SDK decides between http and https when
 * it is loaded, from a global setting.
 */
export class CloudinaryDriver implements StorageDriver {
  readonly name = 'cloudinary';

  constructor(private readonly options: CloudinaryOptions) {}

  async put(path: string, { key, mimeType }: StoredFile): Promise<undefined> {
    const blob = await openAsBlob(path, { type: mimeType }).catch((error: unknown) => {
      throw storageError(error);
    });
    const params = { public_id: key, type: DELIVERY, overwrite: 'true', timestamp: now() };
    try {
      await this.post('upload', params, { blob, name: basename(key) });
    } catch (error) {
      throw uploadError(error);
    }
    return undefined;
  }

  async remove(key: string): Promise<void> {
    try {
      await this.post('destroy', { public_id: key, type: DELIVERY, timestamp: now() });
    } catch (error) {
      throw storageError(error);
    }
  }

  signedUrl(key: string, { disposition, filename, expiresIn }: ServeOptions): Promise<string> {
    const params: Params = {
      public_id: key,
      type: DELIVERY,
      expires_at: now() + expiresIn,
      timestamp: now(),
      ...(disposition.startsWith('attachment') && {
        attachment: 'true',
        target_filename: filename,
      }),
    };
    const query = new URLSearchParams(asText(this.signed(params)));
    return Promise.resolve(`${this.endpoint('download')}?${query.toString()}`);
  }

  directUpload({ key, token, expire }: DirectUploadRequest): Promise<DirectUpload> {
    // Cloudinary accepts a signature for an hour; the server's own `expire` is shorter.
    const fields = asText(this.signed({ public_id: key, type: DELIVERY, timestamp: now() }));
    const signature = fields.signature ?? '';
    const uploadUrl = this.endpoint('upload');
    return Promise.resolve({ uploadUrl, method: 'POST', fields, token, expire, signature });
  }

  async download(
    key: string,
    path: string,
    maxSize: number,
  ): Promise<{ ref: undefined } | undefined> {
    const options = { mimeType: '', disposition: 'inline', filename: '', expiresIn: FETCH_SECONDS };
    try {
      const url = await this.signedUrl(key, options);
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const answer = await fetch(url, { signal });
      if (answer.status === 404) return undefined;
      if (!answer.ok || !answer.body) throw new StoreAnswer('Cloudinary', answer.status);
      await saveLimited(answer.body, path, maxSize, signal);
      return { ref: undefined };
    } catch (error) {
      throw storageError(error);
    }
  }

  private endpoint(action: string): string {
    return `${this.options.apiUrl ?? API}/v1_1/${this.options.cloudName}/raw/${action}`;
  }

  private signed(params: Params): Params {
    const { apiKey, apiSecret } = this.options;
    const signature = cloudinary.utils.api_sign_request(params, apiSecret);
    return { ...params, signature, api_key: apiKey };
  }

  private async post(
    action: string,
    params: Params,
    file?: { blob: Blob; name: string },
  ): Promise<void> {
    const form = new FormData();
    for (const [name, value] of Object.entries(asText(this.signed(params)))) form.set(name, value);
    if (file) form.set('file', file.blob, file.name);
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(this.endpoint(action), { method: 'POST', body: form, signal });
    await answer.body?.cancel();
    if (!answer.ok) throw new StoreAnswer('Cloudinary', answer.status);
  }
}

const now = (): number => Math.floor(Date.now() / 1000);
const asText = (params: Params): Record<string, string> =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]));
