import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { saveLimited } from './limited-download.js';
import type {
  DirectUpload,
  DirectUploadRequest,
  ServeOptions,
  StorageDriver,
  StoredFile,
} from './storage-driver.js';
import { storageError, uploadError } from './storage-errors.js';

/** Where the bucket is, and with which keys. */
export interface S3Options {
  bucket: string;
  region: string;
  /** Address of an S3-compatible store other than Amazon's. */
  endpoint: string | undefined;
  accessKeyId: string | undefined;
  secretAccessKey: string | undefined;
  /** Longest time for one call, in milliseconds; unset: five minutes. */
  timeoutMs?: number;
  /** The bucket is in the path instead of the host name, as most other stores have it. */
  forcePathStyle: boolean;
}

/** An upload of 100 MB over a slow line takes minutes; the SDK by itself would wait for ever. */
const TIMEOUT_MS = 5 * 60_000;

/** Any S3-compatible store. The bucket stays private: clients get addresses that expire. */
export class S3Driver implements StorageDriver {
  readonly name = 's3';
  private readonly client: S3Client;
  private readonly bucket: string;
  private readonly timeoutMs: number;

  constructor(options: S3Options) {
    const { accessKeyId, secretAccessKey } = options;
    this.bucket = options.bucket;
    this.timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.client = new S3Client({
      region: options.region,
      forcePathStyle: options.forcePathStyle,
      ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
      // Without keys, the SDK looks for those of the machine's role.
      ...(accessKeyId !== undefined &&
        secretAccessKey !== undefined && { credentials: { accessKeyId, secretAccessKey } }),
      maxAttempts: 2,
      // Checksums in trailers, the SDK's default, are refused by many compatible stores.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  async put(path: string, { key, mimeType, size }: StoredFile): Promise<undefined> {
    const content = createReadStream(path);
    const isReadable = new AbortController();
    // The SDK does not listen: a file that cannot be read would end the process.
    content.on('error', (error) => {
      isReadable.abort(error);
    });
    try {
      await this.client.send(
        new PutObjectCommand({
          Bucket: this.bucket,
          Key: key,
          Body: content,
          ContentLength: size,
          ContentType: mimeType,
        }),
        { abortSignal: AbortSignal.any([this.deadline(), isReadable.signal]) },
      );
    } catch (error) {
      throw isReadable.signal.aborted ? storageError(isReadable.signal.reason) : uploadError(error);
    } finally {
      content.destroy();
    }
    return undefined;
  }

  async remove(key: string): Promise<void> {
    await this.calling(() =>
      this.client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: key }), {
        abortSignal: this.deadline(),
      }),
    );
  }

  async signedUrl(
    key: string,
    { mimeType, disposition, expiresIn }: ServeOptions,
  ): Promise<string> {
    const command = new GetObjectCommand({
      Bucket: this.bucket,
      Key: key,
      ResponseContentType: mimeType,
      ResponseContentDisposition: disposition,
    });
    return this.calling(() => getSignedUrl(this.client, command, { expiresIn }));
  }

  async directUpload({ key, token, expire, maxSize }: DirectUploadRequest): Promise<DirectUpload> {
    const { url, fields } = await this.calling(() =>
      createPresignedPost(this.client, {
        Bucket: this.bucket,
        Key: key,
        Conditions: [['content-length-range', 1, maxSize]],
        Expires: expire - Math.floor(Date.now() / 1000),
      }),
    );
    const signature = fields['X-Amz-Signature'] ?? '';
    return { uploadUrl: url, method: 'POST', fields, token, expire, signature };
  }

  async download(
    key: string,
    path: string,
    maxSize: number,
  ): Promise<{ ref: undefined } | undefined> {
    return this.calling(async () => {
      const abortSignal = this.deadline();
      const object = await this.client
        .send(new GetObjectCommand({ Bucket: this.bucket, Key: key }), { abortSignal })
        .catch((error: unknown) => {
          if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) {
            return undefined;
          }
          throw error;
        });
      if (!object) return undefined;
      await saveLimited(object.Body as Readable, path, maxSize, abortSignal);
      return { ref: undefined };
    });
  }

  private deadline(): AbortSignal {
    return AbortSignal.timeout(this.timeoutMs);
  }

  private async calling<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw storageError(error);
    }
  }
}
