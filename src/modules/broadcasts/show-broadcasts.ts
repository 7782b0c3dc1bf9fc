import { trusted } from 'mongoose';
import type { Model } from 'mongoose';
import type { Publisher } from '../../platform/event-bus.js';
import { IS_NUMBER } from '../../platform/typed-index.js';
import { audiences } from '../../shared/audience.js';
import type { UserRole } from '../../shared/actor.js';
import type { UserDirectory } from '../users/index.js';
import type { BroadcastPositions } from './broadcast-positions.js';
import type { BroadcastDoc } from './broadcast.model.js';
import { toBroadcastRecord } from './broadcast.record.js';
import type { BroadcastEvents } from './broadcasts.events.js';
import { isFor } from './broadcasts.policy.js';

/** The sockets of this node, as far as broadcasts care. */
export interface BroadcastSockets {
  /** Users with a device to which broadcasts are shown as they are sent. */
  listeners(): { userId: string; role: UserRole }[];
  /** Makes a device one of these. */
  listen(userId: string, socketId: string): void;
}

/** What showing broadcasts is built from. */
export interface ShowBroadcastsParts extends BroadcastSockets {
  broadcasts: Model<BroadcastDoc>;
  positions: BroadcastPositions;
  directory: Pick<UserDirectory, 'card'>;
  bus: Publisher<BroadcastEvents>;
}

/** Broadcasts read at a time. */
const PAGE = 50;
/** How often it is looked for listeners who have come while deliveries were noted. */
const MAX_ROUNDS = 10;

/** A device that has come from a node that was further. */
interface Ahead {
  userId: string;
  socketId: string;
  /** The newest number that its user has been shown. */
  number: number;
}

/**
 * Shows sent broadcasts to the listening sockets of this node, each number once and in order. That it
 * has been shown to somebody is noted before: whoever changes nodes at that moment hears it once, or
 * finds it in the list, but does not hear it twice.
 */
export class ShowBroadcasts {
  /** The newest number that this node has shown, or need not show any more. */
  private newest = 0;
  private work: Promise<void> = Promise.resolve();
  private ahead: Ahead[] = [];

  constructor(private readonly parts: ShowBroadcastsParts) {}

  /** The newest number that this node has shown. */
  get shown(): number {
    return this.newest;
  }

  /** Begins after the newest broadcast there is: who connects later asks for what came before. */
  async start(): Promise<void> {
    const newest = await this.parts.broadcasts
      .findOne({ number: trusted({ $gt: 0, ...IS_NUMBER }) }, { number: 1 })
      .sort({ number: -1 })
      .lean();
    this.newest = newest?.number ?? 0;
  }

  /** Shows what has been sent since the last time; calls run one after another. */
  showNew(): Promise<void> {
    const round = this.work.then(() => this.showAfter(this.newest));
    this.work = round.catch(() => undefined);
    return round;
  }

  /** Lets a device listen once this node has shown what its user has been shown elsewhere. */
  admit(userId: string, socketId: string, number: number): void {
    if (number <= this.newest) this.parts.listen(userId, socketId);
    else this.ahead.push({ userId, socketId, number });
  }

  /** Shows somebody what they have missed. */
  async showMissed(doc: BroadcastDoc, userId: string): Promise<void> {
    const broadcast = await this.record(doc);
    this.parts.bus.emit(
      'broadcast.shown',
      { broadcast, audience: audiences.users([userId]) },
      { scope: 'node' },
    );
  }

  private async showAfter(number: number): Promise<void> {
    const sent = await this.parts.broadcasts
      .find({ number: trusted({ $gt: number, ...IS_NUMBER }) })
      .sort({ number: 1 })
      .limit(PAGE)
      .lean();
    for (const doc of sent) await this.showOne(doc, doc.number!);
  }

  private async showOne(doc: BroadcastDoc, number: number): Promise<void> {
    const { bus, positions } = this.parts;
    const broadcast = await this.record(doc);
    const noted = new Set<string>();
    const newcomers = () => this.recipientsHere(doc).filter((userId) => !noted.has(userId));
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const userIds = newcomers();
      if (userIds.length === 0) break;
      await positions.noteDelivered(userIds, number);
      for (const userId of userIds) noted.add(userId);
    }
    const unnoted = newcomers();
    this.newest = number;
    bus.emit(
      'broadcast.shown',
      {
        broadcast,
        audience: {
          to: [
            doc.audience.kind === 'all'
              ? { kind: 'everyone' }
              : { kind: 'users', userIds: this.recipientsHere(doc) },
          ],
          except: [{ kind: 'arriving' }],
        },
      },
      { scope: 'node' },
    );
    const waiting = this.ahead;
    this.ahead = [];
    for (const device of waiting) this.admit(device.userId, device.socketId, device.number);
    if (unnoted.length > 0) await positions.noteDelivered(unnoted, number);
  }

  private recipientsHere(doc: BroadcastDoc): string[] {
    const userIds = this.parts
      .listeners()
      .filter(({ userId, role }) => isFor(doc, { userId, role, since: 0 }))
      .map(({ userId }) => userId);
    return [...new Set(userIds)];
  }

  private async record(doc: BroadcastDoc) {
    return toBroadcastRecord(doc, await this.parts.directory.card(doc.senderId.toHexString()));
  }
}
