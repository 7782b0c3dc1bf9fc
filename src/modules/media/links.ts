import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../shared/clock.js';

/** Which content of a file: the original, or its thumbnail. */
export type Variant = 'full' | 'thumbnail';

/** The signed part of an address, in place of a token. */
export interface LinkQuery {
  /** Unix time in seconds until which the address works. */
  e?: number | undefined;
  /** The signature. */
  s?: string | undefined;
  /** The user whom it was given to; absent in addresses for all members of a chat. */
  u?: string | undefined;
  /** `thumbnail` for the small version of an image. */
  v?: 'thumbnail' | undefined;
}

/** The last segment of a file's address: its id. */
const FILE_PATH = /\/media\/([0-9a-f]{24})$/;

/** What a valid address proves. */
export interface LinkProof {
  /** Undefined: anybody who has received a message with the file. */
  userId: string | undefined;
}

/**
 * Makes and checks addresses of files that work without a token, as `<img>` needs them, for a limited
 * time. Times are rounded, so that the address stays the same for a while and caches work.
 */
export class MediaLinks {
  constructor(
    private readonly secret: string,
    private readonly options: { baseUrl: string | undefined; minutes: number; clock: Clock },
  ) {}

  /** An address that works for between half and the whole of the configured time. */
  sign(fileId: string, variant: Variant, userId?: string): string {
    const halfLife = this.options.minutes * 30;
    const expires = (Math.floor(this.now() / halfLife) + 2) * halfLife;
    const query = new URLSearchParams({
      e: String(expires),
      ...(variant === 'thumbnail' && { v: 'thumbnail' }),
      ...(userId !== undefined && { u: userId }),
      s: this.signature([fileId, variant, String(expires), userId ?? '']),
    });
    return `${this.address(fileId)}?${query.toString()}`;
  }

  /** The lasting address of a file, which needs a token, or nothing for pictures of people. */
  address(fileId: string): string {
    return `${this.options.baseUrl ?? ''}/media/${fileId}`;
  }

  /**
   * The file of one of our addresses, also of an expired one: as {@link address} writes it, as a path, or
   * with whatever host the client used; its signature then proves that it is ours.
   *
   * @returns undefined for an address of somebody else.
   */
  fileIdOf(url: string): string | undefined {
    const { baseUrl = '' } = this.options;
    const isOnOurHost = url.startsWith('/media/') || url.startsWith(`${baseUrl}/media/`);
    if (!URL.canParse(url, 'http://localhost')) return undefined;
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const fileId = FILE_PATH.exec(pathname)?.[1];
    if (fileId === undefined || isOnOurHost) return fileId;
    const { e, s, u, v } = Object.fromEntries(searchParams);
    const signed = this.signature([fileId, v ?? 'full', e ?? '0', u ?? '']);
    return isEqual(signed, s ?? '') ? fileId : undefined;
  }

  /** What an address proves; undefined when it is forged or has expired. */
  verify(fileId: string, { e = 0, s = '', u, v }: LinkQuery): LinkProof | undefined {
    const expected = this.signature([fileId, v ?? 'full', String(e), u ?? '']);
    return this.now() < e && isEqual(expected, s) ? { userId: u } : undefined;
  }

  /** The signature of a permission to upload a file directly. */
  signUpload(fileId: string, token: string, expires: number): string {
    return this.signature(['upload', fileId, token, String(expires)]);
  }

  /** Whether a permission to upload is ours and has not expired. */
  isUploadAllowed(
    upload: { fileId: string; token: string; expire: number },
    signature: string,
  ): boolean {
    const expected = this.signUpload(upload.fileId, upload.token, upload.expire);
    return this.now() < upload.expire && isEqual(expected, signature);
  }

  private now(): number {
    return Math.floor(this.options.clock.now() / 1000);
  }

  private signature(parts: string[]): string {
    return createHmac('sha256', this.secret).update(JSON.stringify(parts)).digest('base64url');
  }
}

const isEqual = (expected: string, given: string): boolean => {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
};
