import { createHash } from 'node:crypto';
import type { AccessChangePoster } from '../../access-changes/index.js';
import type { Clock } from '../../../shared/clock.js';
import { invalidInput } from '../../../shared/errors.js';
import { foreignSessionId } from '../../../shared/actor.js';
import type { ForeignLoginsRepository } from './foreign-logins.repository.js';
import type { ForeignToken, ForeignTokens } from './foreign-tokens.js';
import { CLOCK_SKEW, LOGOUT_TOKEN_LIFE } from './foreign-tokens.js';

/**
 * How long it is remembered that tokens were revoked, in milliseconds. Tokens that live longer than this cannot be
 * revoked for good.
 */
const REMEMBERED_MS = 400 * 24 * 3_600_000;

const hashOf = (...parts: string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);

const idOfSubject = (issuer: string, subject: string): string => `sub:${hashOf(issuer, subject)}`;
const idOfSid = (issuer: string, sid: string): string => `sid:${hashOf(issuer, sid)}`;

/**
 * Logins at issuers. Nothing of them is stored here but whose they are and whether they were revoked. The session id
 * of such a login names the records that may revoke it, and when its token was issued.
 */
export class ForeignLogins {
  constructor(
    private readonly deps: {
      logins: ForeignLoginsRepository;
      tokens: ForeignTokens;
      accessChanges: AccessChangePoster;
      clock: Clock;
    },
  ) {}

  /** The session id of a token. */
  sessionIdOf({ issuer, subject, sid, issuedAt }: ForeignToken): string {
    const ids = [idOfSubject(issuer.name, subject), ...(sid ? [idOfSid(issuer.name, sid)] : [])];
    return foreignSessionId(issuedAt, ids);
  }

  /** Notes whose account the login of a token is. */
  async remember(userId: string, sessionId: string): Promise<void> {
    await this.deps.logins.remember(partsOf(sessionId).ids, userId, this.forgottenAt());
  }

  /** Whether the tokens of a login are still good. */
  async isLive(userId: string, sessionId: string): Promise<boolean> {
    const { ids, issuedAt } = partsOf(sessionId);
    const records = await this.deps.logins.find([...ids, `user:${userId}`]);
    return records.every(
      ({ isOver, revokedAt }) => !isOver && (!revokedAt || issuedAt * 1000 > revokedAt.getTime()),
    );
  }

  /** Ends one login; of one without a name, all tokens of the user that were issued before now. */
  async revoke(userId: string, sessionId: string): Promise<void> {
    const { ids } = partsOf(sessionId);
    await this.end(userId, ids.find((id) => id.startsWith('sid:')) ?? `user:${userId}`);
  }

  /** Refuses all tokens of issuers for this user that were issued before now, on every node within a second. */
  async revokeAll(userId: string): Promise<void> {
    await this.end(userId, `user:${userId}`);
  }

  /**
   * Ends what a logout token of an issuer names.
   *
   * @throws {AppError} VALIDATION for a token that is not valid, or was used before; UNAVAILABLE.
   */
  async logOut(logoutToken: string): Promise<void> {
    const { clock, logins, tokens } = this.deps;
    const { issuer, subject, sid, tokenId } = await tokens.verifyLogout(logoutToken);
    const validUntil = new Date(clock.now() + (LOGOUT_TOKEN_LIFE + 2 * CLOCK_SKEW) * 1000);
    const use = `jti:${hashOf(issuer.name, tokenId)}`;
    if ((await logins.find([use])).length > 0) {
      throw invalidInput('logout_token', 'this token was used before');
    }
    const ids = sid === undefined ? [] : [idOfSid(issuer.name, sid)];
    const [login] = await logins.find(ids);
    // No token that was used here has named this login: all of the user end, or none would.
    if (subject !== undefined && !login?.userId) ids.push(idOfSubject(issuer.name, subject));
    for (const id of ids) {
      const [known] = await logins.find([id]);
      // An issuer uses the name of a login once.
      await this.end(known?.userId, id, id.startsWith('sid:'));
    }
    // Last: ending twice is harmless, and an attempt that has failed must be able to come again.
    await logins.use(use, validUntil);
  }

  private async end(userId: string | undefined, id: string, isOver = false): Promise<void> {
    const { accessChanges, clock, logins } = this.deps;
    if (userId !== undefined) await accessChanges.post([{ kind: 'login', userId }]);
    await logins.revoke(id, new Date(clock.now()), this.forgottenAt(), isOver);
  }

  private forgottenAt(): Date {
    return new Date(this.deps.clock.now() + REMEMBERED_MS);
  }
}

const partsOf = (sessionId: string): { issuedAt: number; ids: string[] } => {
  const [, issuedAt, ...ids] = sessionId.split(' ');
  return { issuedAt: Number(issuedAt), ids };
};
