import type { JSONWebKeySet, JWSHeaderParameters, FlattenedJWSInput } from 'jose';
import { createLocalJWKSet, errors } from 'jose';
import type { AuthIssuer } from '../../../config/index.js';
import { AppError } from '../../../shared/errors.js';

/** How old keys may be before they are fetched again behind the calls, in milliseconds. */
const FRESH_MS = 10 * 60_000;
/** How long keys are used while the issuer cannot be reached, in milliseconds. */
const STALE_MS = 24 * 3_600_000;
/** The shortest time between two attempts to fetch, in milliseconds, whatever tokens ask for. */
const COOL_DOWN_MS = 30_000;
/** Longest time for a fetch, in milliseconds: less than a request may take. */
const FETCH_MS = 3000;
/** Bytes of a document; a set of keys has a few thousand. */
const MAX_BYTES = 256 * 1024;

type LocalKeys = ReturnType<typeof createLocalJWKSet>;

const unavailable = (cause?: unknown): AppError =>
  new AppError('UNAVAILABLE', 'The keys of the issuer of this token cannot be read now', {
    retryAfter: COOL_DOWN_MS / 1000,
    cause,
  });

/** Reads a JSON document; redirects are not followed, because they could lead anywhere. */
const fetchJson = async (address: string): Promise<Record<string, unknown>> => {
  const answer = await fetch(address, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(FETCH_MS),
  });
  if (!answer.ok || !answer.body) throw new Error(`${address} answered ${answer.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error(`${address} answered more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  const json: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  if (typeof json !== 'object' || json === null) throw new Error(`${address} is no JSON object`);
  return json as Record<string, unknown>;
};

/**
 * The public keys of an issuer that publishes them. They are fetched when first needed, in the background when ten
 * minutes old, and when a token names a key that is not among them; never twice within half a minute. While the issuer is
 * away the last keys are used for a day.
 */
export class PublishedKeys {
  private keys: LocalKeys | undefined;
  private fetchedAt = -Infinity;
  private triedAt = -Infinity;
  private fetching: Promise<void> | undefined;

  constructor(
    private readonly issuer: Pick<AuthIssuer, 'issuer' | 'keys'>,
    /** Told of each fetch that has failed. */
    private readonly onFailure: (error: unknown) => void,
    /** A clock that does not jump, in milliseconds. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * The key that a token names.
   *
   * @throws {AppError} UNAVAILABLE when there are no keys that may be used; errors of `jose` when none fits.
   */
  async keyFor(header: JWSHeaderParameters, token: FlattenedJWSInput) {
    const age = this.now() - this.fetchedAt;
    if (!this.keys || age > STALE_MS) await this.fetchKeys();
    else if (age > FRESH_MS) void this.fetchKeys().catch(() => undefined);
    if (!this.keys || this.now() - this.fetchedAt > STALE_MS) throw unavailable();
    try {
      return await this.keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.isCoolingDown()) throw error;
      // The issuer may have changed its keys.
      await this.fetchKeys().catch(() => undefined);
      return this.keys(header, token);
    }
  }

  private isCoolingDown(): boolean {
    return !this.fetching && this.now() - this.triedAt < COOL_DOWN_MS;
  }

  /** Fetches the keys; all who ask meanwhile wait for the same fetch. */
  private fetchKeys(): Promise<void> {
    if (this.isCoolingDown()) return Promise.reject(unavailable());
    this.triedAt = this.fetching ? this.triedAt : this.now();
    this.fetching ??= this.read().finally(() => {
      this.fetching = undefined;
    });
    return this.fetching;
  }

  private async read(): Promise<void> {
    try {
      const keys = await fetchJson(await this.address());
      this.keys = createLocalJWKSet(keys as unknown as JSONWebKeySet);
      this.fetchedAt = this.now();
    } catch (error) {
      this.onFailure(error);
      throw unavailable(error);
    }
  }

  private async address(): Promise<string> {
    const { issuer, keys } = this.issuer;
    if (keys.from === 'address') return keys.address;
    const base = issuer.replace(/\/$/, '');
    const document = await fetchJson(`${base}/.well-known/openid-configuration`);
    const { jwks_uri: address } = document;
    if (document.issuer !== issuer) throw new Error(`${base} describes another issuer`);
    if (typeof address !== 'string' || !/^https?:\/\//.test(address)) {
      throw new Error(`${base} names no jwks_uri`);
    }
    if (issuer.startsWith('https:') && !address.startsWith('https:')) {
      throw new Error(`${base} names a jwks_uri without TLS`);
    }
    return address;
  }
}
