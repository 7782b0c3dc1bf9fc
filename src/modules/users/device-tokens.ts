import { createHash } from 'node:crypto';
import { trusted } from 'mongoose';
import type { Model } from 'mongoose';
import type { Clock } from '../../shared/clock.js';
import type { UserDoc } from './index.js';
import type { DeviceDoc } from './device.model.js';
import { newToken, newTokenId, parseToken } from './opaque-token.js';

/** A device that has brought its token. */
export interface KnownDevice {
  id: string;
  token: string;
  userId: string;
  passwordMark: string;
}

/** The part of an account that a device is known to. */
type Account = Pick<UserDoc, '_id' | 'passwordHash'>;

/** How long a device stays known after its last login, in milliseconds. */
const LIFETIME_MS = 180 * 24 * 3600 * 1000;
/** Known devices of one account; those whose last login is the longest ago go first. */
const MAX_DEVICES = 20;

const markOf = (passwordHash: string): string =>
  createHash('sha256').update(passwordHash).digest('hex');

/**
 * The devices on which people have signed in before. A device token proves nothing but that: it only keeps
 * the failures of its device apart from everybody else's. It ends when the password changes, or whoever knew
 * the old one could try as many new ones as there are tokens.
 */
export class DeviceTokens {
  constructor(
    private readonly devices: Model<DeviceDoc>,
    private readonly clock: Clock,
  ) {}

  /** The device of a token; undefined when the token is none, or has expired. */
  async find(token: string | undefined): Promise<KnownDevice | undefined> {
    const parsed = parseToken(token ?? '');
    if (token === undefined || !parsed) return undefined;
    const device = await this.devices
      .findOne({
        _id: parsed.id,
        tokenHash: parsed.hash,
        expiresAt: trusted({ $gt: new Date(this.clock.now()) }),
      })
      .lean();
    if (!device) return undefined;
    const { userId, passwordMark } = device;
    return { id: parsed.id, token, userId: userId.toHexString(), passwordMark };
  }

  /** Whether a device is one on which the account's owner has signed in with the password of now. */
  isKnownTo(account: Account, device: KnownDevice): boolean {
    const isOwn = device.userId === account._id.toString();
    return isOwn && device.passwordMark === markOf(account.passwordHash);
  }

  /** Keeps the device known for another while, or makes a new one known; answers its id and token. */
  async remember(account: Account, known?: KnownDevice): Promise<{ id: string; token: string }> {
    if (known) {
      const { matchedCount } = await this.devices.updateOne(
        { _id: known.id },
        { $set: this.dates() },
      );
      if (matchedCount === 1) return known;
    }
    const { id, token, hash } = newToken(newTokenId());
    await this.devices.create({
      _id: id,
      userId: account._id,
      tokenHash: hash,
      passwordMark: markOf(account.passwordHash),
      ...this.dates(),
    });
    await this.dropOldest(account);
    return { id, token };
  }

  /** Keeps a device known under a new password. */
  async keep(id: string, passwordHash: string): Promise<void> {
    await this.devices.updateOne({ _id: id }, { $set: { passwordMark: markOf(passwordHash) } });
  }

  /** After each insertion, so that of any number of parallel ones the last leaves no more than allowed. */
  private async dropOldest(account: Account): Promise<void> {
    const tooMany = await this.devices
      .find({ userId: account._id }, { _id: 1 })
      .sort({ lastUsedAt: -1 })
      .skip(MAX_DEVICES)
      .lean();
    if (tooMany.length === 0) return;
    await this.devices.deleteMany({ _id: trusted({ $in: tooMany.map(({ _id }) => _id) }) });
  }

  private dates(): Pick<DeviceDoc, 'lastUsedAt' | 'expiresAt'> {
    const now = this.clock.now();
    return { lastUsedAt: new Date(now), expiresAt: new Date(now + LIFETIME_MS) };
  }
}
