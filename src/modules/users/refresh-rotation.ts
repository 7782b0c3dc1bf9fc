import type { SessionDoc } from './session.model.js';

/**
 * How long after its first use a refresh token is answered again, in milliseconds: a few attempts of a client
 * that has had no answer, each of which waits for one for some ten seconds.
 */
const REPEAT_MS = 60_000;

/**
 * What a refresh token is to its login.
 *
 * - `current`: it has not been used.
 * - `answered`: it was used a moment ago, and its successor may be answered again.
 * - `unanswerable`: likewise, but the successor that was made then is not known any more.
 * - `reused`: it was used too long ago, or was never a token of this login.
 */
export type RefreshTokenState = 'current' | 'answered' | 'unanswerable' | 'reused';

/** The part of a session that tells which tokens it has had. */
export type TokenHistory = Pick<
  SessionDoc,
  'tokenHash' | 'previousHash' | 'rotatedAt' | 'olderHash' | 'olderRotatedAt'
>;

const isRecent = (usedAt: Date | null | undefined, now: number): boolean =>
  usedAt !== null && usedAt !== undefined && usedAt.getTime() > now - REPEAT_MS;

/**
 * Tells what the token of hash `hash` is to a login, where `successorHash` belongs to the token that follows
 * from it. The token before the previous one is still answered: of two tabs that refresh at once, one may
 * refresh again before the other's call has arrived. A thief who has a used token gains by this what the
 * newest one would give him: the next refresh of the owner, or his own, is noticed.
 */
export const tokenStateOf = (
  session: TokenHistory,
  hash: string,
  successorHash: string,
  now: number,
): RefreshTokenState => {
  if (hash === session.tokenHash) return 'current';
  if (hash === session.previousHash && isRecent(session.rotatedAt, now)) {
    return successorHash === session.tokenHash ? 'answered' : 'unanswerable';
  }
  const isOlder = hash === session.olderHash && isRecent(session.olderRotatedAt, now);
  return isOlder && successorHash === session.previousHash ? 'answered' : 'reused';
};
