import { CoalescedTask } from '../../platform/coalesced-task.js';
import type { Publisher } from '../../platform/event-bus.js';
import { audiences } from '../../shared/audience.js';
import type { UserRole } from '../../shared/actor.js';
import type { UserDirectory } from '../users/index.js';
import type {
  BroadcastPositionsRepository,
  BroadcastsRepository,
  SentBroadcast,
} from './broadcasts.repository.js';
import type { BroadcastEvents, BroadcastRecord } from './broadcasts.events.js';
import { toBroadcastRecord } from './broadcasts.events.js';
import { isFor } from './broadcasts.repository.js';

/** The sockets of this node, as far as broadcasts care. */
export interface BroadcastSockets {
  /** Users with a device to which broadcasts are shown as they are sent. */
  listeners(): { userId: string; role: UserRole }[];
  /** Makes a device one of these. */
  listen(userId: string, socketId: string): void;
}

/** Broadcasts read at a time. */
const PAGE = 50;
/** How often to look for listeners who have connected while deliveries were recorded. */
const MAX_ROUNDS = 10;

/** A device that has moved here from a node that had shown more. */
interface Ahead {
  userId: string;
  socketId: string;
  /** The newest number that its user has been shown. */
  number: number;
}

/**
 * Shows sent broadcasts to the listening sockets of this node, each number once and in order. A delivery is
 * recorded before the broadcast is shown: a user who changes nodes at that moment receives it once, or finds
 * it in the list, but does not receive it twice.
 */
export class ShowBroadcasts {
  /** The newest number that this node has shown, or need not show any more. */
  private newest = 0;
  private readonly rounds = new CoalescedTask(() => this.showAfter(this.newest));
  private ahead: Ahead[] = [];

  constructor(
    private readonly deps: {
      broadcasts: BroadcastsRepository;
      positions: BroadcastPositionsRepository;
      directory: Pick<UserDirectory, 'card'>;
      bus: Publisher<BroadcastEvents>;
      sockets: BroadcastSockets;
    },
  ) {}

  /** The newest number that this node has shown. */
  get shown(): number {
    return this.newest;
  }

  /** Begins after the newest broadcast there is: a device that connects later catches up on older ones. */
  async start(): Promise<void> {
    this.newest = await this.deps.broadcasts.newestNumber();
  }

  /** Shows what was sent since the last call; concurrent calls run one after another. */
  showNew(): Promise<void> {
    return this.rounds.run();
  }

  /** Subscribes a device once this node has shown what its user was shown on other nodes. */
  admit(userId: string, socketId: string, number: number): void {
    if (number <= this.newest) this.deps.sockets.listen(userId, socketId);
    else this.ahead.push({ userId, socketId, number });
  }

  /** Shows somebody what they have missed. */
  async showMissed(doc: SentBroadcast, userId: string): Promise<void> {
    const broadcast = await this.record(doc);
    this.deps.bus.emit(
      'broadcast.shown',
      { broadcast, audience: audiences.users([userId]) },
      { scope: 'node' },
    );
  }

  private async showAfter(number: number): Promise<void> {
    const sent = await this.deps.broadcasts.sentAfter(number, PAGE);
    for (const doc of sent) await this.showOne(doc);
  }

  private async showOne(doc: SentBroadcast): Promise<void> {
    const { bus, positions } = this.deps;
    const { number } = doc;
    const broadcast = await this.record(doc);
    const recorded = new Set<string>();
    const newcomers = () => this.recipientsHere(doc).filter((userId) => !recorded.has(userId));
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const userIds = newcomers();
      if (userIds.length === 0) break;
      await positions.recordDelivered(userIds, number);
      for (const userId of userIds) recorded.add(userId);
    }
    const unrecorded = newcomers();
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
    if (unrecorded.length > 0) await positions.recordDelivered(unrecorded, number);
  }

  private recipientsHere(doc: SentBroadcast): string[] {
    const userIds = this.deps.sockets
      .listeners()
      .filter(({ userId, role }) => isFor(doc, { userId, role, since: 0 }))
      .map(({ userId }) => userId);
    return [...new Set(userIds)];
  }

  private async record(doc: SentBroadcast): Promise<BroadcastRecord> {
    return toBroadcastRecord(doc, await this.deps.directory.card(doc.senderId.toHexString()));
  }
}
