import { trusted } from 'mongoose';
import type { Connection, Model, Types } from 'mongoose';
import type { DeviceRecord } from './sessions.model.js';

/** When a device was last used, and when it is forgotten. */
export type DeviceDates = Pick<DeviceRecord, 'lastUsedAt' | 'expiresAt'>;

/** The stored devices on which people have signed in. */
export class DevicesRepository {
  private readonly devices: Model<DeviceRecord>;

  /** @param connection has the module's models. */
  constructor(connection: Connection) {
    this.devices = connection.model<DeviceRecord>('KnownDevice');
  }

  async create(
    device: Pick<DeviceRecord, 'userId' | 'tokenHash' | 'passwordMark'> &
      DeviceDates & { id: string },
  ): Promise<void> {
    const { id, ...fields } = device;
    await this.devices.create({ _id: id, ...fields });
  }

  /** The device with this token, unless it has expired. */
  async findByToken(id: string, tokenHash: string, now: Date): Promise<DeviceRecord | null> {
    return this.devices.findOne({ _id: id, tokenHash, expiresAt: trusted({ $gt: now }) }).lean();
  }

  /** Sets the dates of a device; answers whether it is still there. */
  async renew(id: string, dates: DeviceDates): Promise<boolean> {
    const { matchedCount } = await this.devices.updateOne({ _id: id }, { $set: dates });
    return matchedCount === 1;
  }

  async setPasswordMark(id: string, passwordMark: string): Promise<void> {
    await this.devices.updateOne({ _id: id }, { $set: { passwordMark } });
  }

  /** Removes all devices of a user but for the `kept` that were used last. */
  async dropOldest(userId: Types.ObjectId, kept: number): Promise<void> {
    const tooMany = await this.devices
      .find({ userId }, { _id: 1 })
      .sort({ lastUsedAt: -1 })
      .skip(kept)
      .lean();
    if (tooMany.length === 0) return;
    await this.devices.deleteMany({ _id: trusted({ $in: tooMany.map(({ _id }) => _id) }) });
  }
}
