import type { CryptoKey, FlattenedJWSInput, JWSHeaderParameters, JWTPayload } from 'jose';
import { decodeJwt, errors, jwtVerify } from 'jose';
import type { KeyObject } from 'node:crypto';
import type { AuthIssuer } from '../../../config/index.js';
import type { Clock } from '../../../shared/clock.js';
import { AppError, invalidInput } from '../../../shared/errors.js';
import { PublishedKeys } from './issuer-keys.js';

/** How far the clocks of an issuer and of this server may be apart, in seconds. */
export const CLOCK_SKEW = 60;
/** How old a logout token may be, in seconds. */
export const LOGOUT_TOKEN_LIFE = 300;
/** Characters of a user's id, as of every external id, and of a login's id. */
const MAX_ID = 128;
/** Characters of other claims that are read. */
const MAX_TEXT = 2048;

const LOGOUT_TYPE = 'logout+jwt';
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** What a token says of its user; absent members say nothing. */
export interface ForeignProfile {
  name?: string;
  picture?: string;
  /** Only where the issuer has not said that it is unverified. */
  email?: string;
  /** Undefined where the issuer decides nothing about roles. */
  isAdmin?: boolean;
}

/** A valid token of an issuer. */
export interface ForeignToken {
  issuer: AuthIssuer;
  /** The user's id there. */
  externalId: string;
  /** The `sub` claim: what the issuer calls the user, also where `externalId` is another claim. */
  subject: string;
  /** The login there, where the token names one. */
  sid: string | undefined;
  /** Seconds since 1970; 0 where the token does not say. */
  issuedAt: number;
  /** Milliseconds since 1970. */
  expiresAt: number;
  profile: ForeignProfile;
}

/** A valid logout token: that login, or all logins of that user, have ended at the issuer. */
export interface LogoutNotice {
  issuer: AuthIssuer;
  subject: string | undefined;
  sid: string | undefined;
  /** Distinguishes the token, so that it counts once. */
  tokenId: string;
}

interface VerifiedToken {
  issuer: AuthIssuer;
  payload: JWTPayload;
  type: string | undefined;
}

const invalid = (cause?: unknown): AppError =>
  new AppError('UNAUTHENTICATED', 'The access token is not valid', { cause });

/** A claim by its name, or by the path to it in nested objects: `realm_access.roles`. */
const claimOf = (payload: JWTPayload, name: string): unknown =>
  Object.hasOwn(payload, name)
    ? payload[name]
    : name
        .split('.')
        .reduce<unknown>(
          (value, part) =>
            typeof value === 'object' && value !== null && Object.hasOwn(value, part)
              ? (value as Record<string, unknown>)[part]
              : undefined,
          payload,
        );

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT ? value : undefined;

/** Whether a text may be an external id: 1 to 128 code points, no control characters. */
const isExternalId = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.isWellFormed() &&
  !/\p{Cc}/u.test(value) &&
  value.length > 0 &&
  [...value].length <= MAX_ID;

/** Checks tokens of the configured issuers. */
export class ForeignTokens {
  private readonly byIssuer: Map<string, { issuer: AuthIssuer; keys: PublishedKeys | KeyObject }>;

  constructor(
    issuers: AuthIssuer[],
    private readonly clock: Clock,
    onFailure: (issuer: AuthIssuer, error: unknown) => void,
  ) {
    this.byIssuer = new Map(
      issuers.map((issuer) => [
        issuer.issuer,
        {
          issuer,
          keys:
            issuer.keys.from === 'settings'
              ? issuer.keys.key
              : new PublishedKeys(issuer, (error) => {
                  onFailure(issuer, error);
                }),
        },
      ]),
    );
  }

  /** Whether a token says that it comes from a configured issuer; nothing about it is checked. */
  isForeign(token: string): boolean {
    try {
      return this.byIssuer.has(decodeJwt(token).iss ?? '');
    } catch {
      return false;
    }
  }

  /**
   * Checks signature, issuer, audience, times and the user's id. Keys and addresses of keys in the token are ignored.
   *
   * @throws {AppError} TOKEN_EXPIRED, UNAUTHENTICATED; UNAVAILABLE while the issuer's keys cannot be read.
   */
  async verify(token: string): Promise<ForeignToken> {
    const { issuer, payload, type } = await this.check(token, ['exp', 'iat']);
    const { sub, sid, iat = 0, exp = 0 } = payload;
    const externalId = claimOf(payload, issuer.claims.id);
    const isLogoutToken = type?.toLowerCase() === LOGOUT_TYPE || 'events' in payload;
    if (isLogoutToken || !isExternalId(externalId)) throw invalid();
    return {
      issuer,
      externalId,
      subject: isExternalId(sub) ? sub : externalId,
      sid: isExternalId(sid) ? sid : undefined,
      issuedAt: iat,
      expiresAt: this.endOf(exp),
      profile: profileOf(issuer, payload),
    };
  }

  /**
   * Checks a logout token of OpenID Connect Back-Channel Logout 1.0.
   *
   * @throws {AppError} VALIDATION; UNAVAILABLE while the issuer's keys cannot be read.
   */
  async verifyLogout(token: string): Promise<LogoutNotice> {
    const refused = (problem: string) => invalidInput('logout_token', problem);
    const { issuer, payload, type } = await this.check(token, ['iat', 'jti']).catch(
      (error: unknown) => {
        if (error instanceof AppError && error.code === 'UNAVAILABLE') throw error;
        throw refused('not a valid token of a configured issuer');
      },
    );
    const { events, iat = 0, jti = '', sid, sub } = payload;
    const event = (events as Record<string, unknown> | undefined)?.[LOGOUT_EVENT];
    if (type !== undefined && !['logout+jwt', 'jwt'].includes(type.toLowerCase())) {
      throw refused('typ must be logout+jwt');
    }
    if (typeof event !== 'object' || event === null) throw refused('its event is no logout');
    if ('nonce' in payload) throw refused('a logout token has no nonce');
    if (iat < this.nowSeconds() - LOGOUT_TOKEN_LIFE - CLOCK_SKEW) throw refused('too old');
    const [subject, login] = [sub, sid].map((id) => (isExternalId(id) ? id : undefined));
    if (subject === undefined && login === undefined) throw refused('names no user and no login');
    return { issuer, subject, sid: login, tokenId: jti };
  }

  private async check(token: string, requiredClaims: string[]): Promise<VerifiedToken> {
    let iss: string | undefined;
    try {
      ({ iss } = decodeJwt(token));
    } catch (error) {
      throw invalid(error);
    }
    const known = this.byIssuer.get(iss ?? '');
    if (!known) throw invalid();
    const { issuer, keys } = known;
    const options = {
      issuer: issuer.issuer,
      audience: issuer.audience,
      algorithms: issuer.algorithms,
      clockTolerance: CLOCK_SKEW,
      currentDate: new Date(this.clock.now()),
      requiredClaims,
    };
    try {
      const { payload, protectedHeader } = await verifyWith(token, keys, options);
      const { iat = 0 } = payload;
      if (iat > this.nowSeconds() + CLOCK_SKEW) throw invalid();
      return { issuer, payload, type: protectedHeader.typ };
    } catch (error) {
      if (error instanceof AppError) throw error;
      if (error instanceof errors.JWTExpired) {
        throw new AppError('TOKEN_EXPIRED', 'The access token has expired');
      }
      throw invalid(error);
    }
  }

  /** Until when a token is good: one that the skew alone still admits, until the skew is used up. */
  private endOf(exp: number): number {
    return (exp > this.nowSeconds() ? exp : exp + CLOCK_SKEW) * 1000;
  }

  private nowSeconds(): number {
    return Math.floor(this.clock.now() / 1000);
  }
}

type VerifyOptions = NonNullable<Parameters<typeof jwtVerify>[2]>;

const verifyWith = async (
  token: string,
  keys: PublishedKeys | KeyObject,
  options: VerifyOptions,
) => {
  if (!(keys instanceof PublishedKeys)) return jwtVerify(token, keys, options);
  const keyFor = (header: JWSHeaderParameters, jws: FlattenedJWSInput) => keys.keyFor(header, jws);
  try {
    return await jwtVerify(token, keyFor, options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    // The token names no key: any of those that fit may have signed it.
    for await (const key of error as unknown as AsyncIterable<CryptoKey>) {
      try {
        return await jwtVerify(token, key, options);
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
};

const profileOf = ({ claims, adminRoles }: AuthIssuer, payload: JWTPayload): ForeignProfile => {
  const name = textOf(claimOf(payload, claims.name));
  const picture = textOf(claimOf(payload, claims.picture));
  const isUnverified = payload.email_verified === false || payload.email_verified === 'false';
  const email = isUnverified ? undefined : textOf(claimOf(payload, claims.email));
  const role = claimOf(payload, claims.role);
  const roles = Array.isArray(role) ? (role as unknown[]) : [role];
  return {
    ...(name !== undefined && { name }),
    ...(picture !== undefined && { picture }),
    ...(email !== undefined && { email }),
    ...(adminRoles.length > 0 && {
      isAdmin: roles.some((one) => typeof one === 'string' && adminRoles.includes(one)),
    }),
  };
};
