import { createHash } from 'node:crypto';
import type { Clock } from '../../shared/clock.js';
import type { DeviceDates, DevicesRepository } from './sessions.repository.js';
import { newToken, newTokenId, parseToken } from './tokens.js';
import type { UserRecord } from './users.model.js';

/** A device that has sent its token. */
export interface KnownDevice {
  id: string;
  token: string;
  userId: string;
  passwordMark: string;
}

/** The fields of an account that a known device is bound to. */
type Account = Pick<UserRecord, '_id' | 'passwordHash'>;

/** How long a device stays known after its last login, in milliseconds. */
const LIFETIME_MS = 180 * 24 * 3600 * 1000;
/** Known devices of one account; those with the oldest last login are removed first. */
const MAX_DEVICES = 20;

const markOf = (passwordHash: string): string =>
  createHash('sha256').update(passwordHash).digest('hex');

/**
 * The devices on which people have signed in before. A device token proves only that: it separates the failed
 * attempts of its device from those of others. It ends when the password changes: otherwise somebody who knew
 * the old password could use each token to guess the new one.
 */
export class KnownDevices {
  constructor(
    private readonly devices: DevicesRepository,
    private readonly clock: Clock,
  ) {}

  /** The device of a token; undefined when the token is not valid, or has expired. */
  async find(token: string | undefined): Promise<KnownDevice | undefined> {
    const parsed = parseToken(token ?? '');
    if (token === undefined || !parsed) return undefined;
    const now = new Date(this.clock.now());
    const device = await this.devices.findByToken(parsed.id, parsed.hash, now);
    if (!device) return undefined;
    const { userId, passwordMark } = device;
    return { id: parsed.id, token, userId: userId.toHexString(), passwordMark };
  }

  /** Whether the account's owner has signed in on the device with the current password. */
  isKnownTo(account: Account, device: KnownDevice): boolean {
    const isOwn = device.userId === account._id.toString();
    return isOwn && device.passwordMark === markOf(account.passwordHash);
  }

  /** Extends how long a device is known, or adds a new one; answers its id and token. */
  async remember(account: Account, known?: KnownDevice): Promise<{ id: string; token: string }> {
    if (known && (await this.devices.renew(known.id, this.dates()))) return known;
    const { id, token, hash } = newToken(newTokenId());
    await this.devices.create({
      id,
      userId: account._id,
      tokenHash: hash,
      passwordMark: markOf(account.passwordHash),
      ...this.dates(),
    });
    // After each insertion, so that after concurrent insertions no more devices are left than allowed.
    await this.devices.dropOldest(account._id, MAX_DEVICES);
    return { id, token };
  }

  /** Keeps a device known under a new password. */
  async keep(id: string, passwordHash: string): Promise<void> {
    await this.devices.setPasswordMark(id, markOf(passwordHash));
  }

  /** Keeps all devices of an account known under another hash of the same password. */
  async keepAll({ _id, passwordHash }: Account, newHash: string): Promise<void> {
    await this.devices.replacePasswordMark(_id, markOf(passwordHash), markOf(newHash));
  }

  private dates(): DeviceDates {
    const now = this.clock.now();
    return { lastUsedAt: new Date(now), expiresAt: new Date(now + LIFETIME_MS) };
  }
}
