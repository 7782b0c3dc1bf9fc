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
import { storageError } from './storage-errors.js';

/** Where the bucket is, and with which keys. */
export interface S3Options {
  bucket: string;
  region: string;
  /** Address of an S3-compatible store other than Amazon's. */
  endpoint: string | undefined;
  accessKeyId: string | undefined;
  secretAccessKey: string | undefined;
  /** The bucket stands in the path instead of the host name, as most other stores have it. */
  forcePathStyle: boolean;
}

/** Any S3-compatible store. The bucket stays private: clients get addresses that expire. */
export class S3Driver implements StorageDriver {
  readonly name = 's3';
  private readonly client: S3Client;
  private readonly bucket: string;

  constructor(options: S3Options) {
    const { accessKeyId, secretAccessKey } = options;
    this.bucket = options.bucket;
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
    await this.calling(() =>
      this.client.send(
        new PutObjectCommand({
          Bucket: this.bucket,
          Key: key,
          Body: createReadStream(path),
          ContentLength: size,
          ContentType: mimeType,
        }),
      ),
    );
    return undefined;
  }

  async remove(key: string): Promise<void> {
    await this.calling(() =>
      this.client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: key })),
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
      const object = await this.client
        .send(new GetObjectCommand({ Bucket: this.bucket, Key: key }))
        .catch((error: unknown) => {
          if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) {
            return undefined;
          }
          throw error;
        });
      if (!object) return undefined;
      await saveLimited(object.Body as Readable, path, maxSize);
      return { ref: undefined };
    });
  }

  private async calling<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw storageError(error);
    }
  }
}
