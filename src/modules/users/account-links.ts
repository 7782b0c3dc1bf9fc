import type { KeyObject } from 'node:crypto';
import { objectId } from '../../platform/object-id.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type {
  AccountLinksRepository,
  LinkPurpose,
  LinkRecord,
} from './account-links.repository.js';
import { parseToken, tokenOf } from './tokens.js';

/** A link that a mail is to carry. */
export interface NewLink {
  /** Id of the mail. The token is derived from it, so that each attempt to send the mail has the same link. */
  mailId: string;
  orderedAt: Date;
  userId: string;
  purpose: LinkPurpose;
  address: string;
  newAddress?: string;
  /** The link works while the account has this password, see `markOfPassword`. */
  passwordMark?: string | undefined;
}

const HOUR_MS = 3_600_000;
/** How long a link works, from the first attempt to send it, in milliseconds. */
const LIFETIME_MS: Record<LinkPurpose, number> = {
  reset: HOUR_MS,
  verify: 24 * HOUR_MS,
  change: 24 * HOUR_MS,
  changed: 7 * 24 * HOUR_MS,
};
/** A mail is tried for a day; links are kept for longer, so that no attempt revives one that was used. */
const KEPT_MS = 2 * 24 * HOUR_MS;

/** The refusal of a link that does not work, for whatever reason. */
export const linkInvalid = (): AppError =>
  new AppError('LINK_INVALID', 'This link has expired, was used, or was replaced by a newer one');

/** The links in mails: each works once, for some hours, until a newer one is sent. Only hashes are stored. */
export class AccountLinks {
  constructor(
    private readonly links: AccountLinksRepository,
    private readonly clock: Clock,
    /** Derives the tokens; the same on every node and after a restart. */
    private readonly key: KeyObject,
  ) {}

  /** Makes a link; answers its token, or undefined when a newer one was made, or this one was used. */
  async issue({
    mailId,
    userId,
    newAddress = undefined,
    passwordMark = undefined,
    ...link
  }: NewLink): Promise<string | undefined> {
    const { token, id, hash } = tokenOf(mailId, this.key);
    const now = this.clock.now();
    const expiresAt = new Date(now + LIFETIME_MS[link.purpose]);
    const isNew = await this.links.replace({
      ...link,
      userId: objectId(userId),
      newAddress: newAddress ?? null,
      passwordMark: passwordMark ?? null,
      tokenId: id,
      tokenHash: hash,
      expiresAt,
      removeAt: new Date(expiresAt.getTime() + KEPT_MS),
    });
    const works = isNew || (await this.links.find(id, hash, new Date(now))) !== null;
    return works ? token : undefined;
  }

  /**
   * The link of a token, which goes on working.
   *
   * @throws {AppError} LINK_INVALID when it does not work, or is for something else.
   */
  async find(token: string, purposes: LinkPurpose[]): Promise<LinkRecord> {
    const parsed = parseToken(token);
    const link = parsed && (await this.links.find(parsed.id, parsed.hash, this.now()));
    if (!link || !purposes.includes(link.purpose)) throw linkInvalid();
    return link;
  }

  /**
   * Uses a link up.
   *
   * @throws {AppError} LINK_INVALID when another call was faster.
   */
  async use({ _id, tokenId }: LinkRecord): Promise<void> {
    if (!(await this.links.use(_id, tokenId, this.now()))) throw linkInvalid();
  }

  /** Takes the force from a user's links: all, or those ordered at a time or later. */
  async revoke(
    { userId }: Pick<LinkRecord, 'userId'>,
    purposes: LinkPurpose[],
    since?: Date,
  ): Promise<void> {
    await this.links.revoke(userId, purposes, this.now(), since);
  }

  private now(): Date {
    return new Date(this.clock.now());
  }
}
