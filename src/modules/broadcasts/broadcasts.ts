import { Types } from 'mongoose';
import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import { writeNumbered } from '../../platform/sequence.js';
import type { Actor, UserRole } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import { paginate } from '../../shared/pagination.js';
import type { AuditTrail } from '../users/index.js';
import type { UserAdministration, UserDirectory } from '../users/index.js';
import type {
  BroadcastPosition,
  BroadcastPositionsRepository,
  UserIdFilter,
  BroadcastsRepository,
} from './broadcasts.repository.js';
import type { BroadcastAudience, StoredBroadcast, BroadcastType } from './broadcast.model.js';
import type { BroadcastEvents, BroadcastRecord } from './broadcasts.events.js';
import { toBroadcastRecord } from './broadcasts.events.js';

/** What an admin says to many. */
export interface BroadcastInput {
  message: string;
  messageType: BroadcastType;
  audience:
    { kind: 'all' } | { kind: 'role'; role: UserRole } | { kind: 'list'; userIds: string[] };
  /** When to send it; now when absent or past. */
  scheduledAt?: Date | undefined;
  /** Makes a retry safe: the same id from the same admin is the same broadcast. */
  clientMessageId?: string | undefined;
}

/** Attempts to take the next number before giving up: so many admins do not broadcast at once. */
const MAX_ATTEMPTS = 50;

/**
 * Sends broadcasts, at once or when their time has come. Being sent is one write, which gives the
 * broadcast its number; only one node can make it, so each is sent once.
 */
export class Broadcasts {
  constructor(
    private readonly deps: {
      broadcasts: BroadcastsRepository;
      directory: Pick<UserDirectory, 'card'>;
      audit: Pick<AuditTrail, 'during'>;
      bus: Publisher<BroadcastEvents>;
      clock: Clock;
    },
  ) {}

  /**
   * Stores a broadcast and sends it unless it is for later.
   *
   * @throws {AppError} CLIENT_MESSAGE_ID_REUSED when the id was used for another broadcast.
   */
  async create(actor: Actor, input: BroadcastInput): Promise<BroadcastRecord> {
    const { audit, broadcasts, clock } = this.deps;
    const now = new Date(clock.now());
    const { clientMessageId, scheduledAt = now, message, messageType } = input;
    const id = new Types.ObjectId();
    const broadcastId = id.toHexString();
    const isNew = await audit.during(
      actor,
      { action: 'broadcasts.create', subject: broadcastId },
      async () => {
        const isStored = await broadcasts.insert({
          _id: id,
          senderId: objectId(actor.userId),
          message,
          messageType,
          audience: storedAudience(input.audience),
          status: 'scheduled',
          scheduledAt: scheduledAt > now ? scheduledAt : now,
          sentAt: null,
          createdAt: now,
          ...(clientMessageId !== undefined && { clientMessageId }),
        });
        if (isStored && scheduledAt <= now) await this.send(broadcastId);
        return isStored;
      },
      (isStored) => (isStored ? {} : { isReplay: true }),
    );
    return isNew ? this.one(broadcastId) : this.replay(actor, clientMessageId!, input);
  }

  /**
   * Cancels a broadcast that has not been sent.
   *
   * @throws {AppError} NOT_FOUND, CONFLICT when it is sent or cancelled already.
   */
  async cancel(actor: Actor, broadcastId: string): Promise<BroadcastRecord> {
    const { audit, broadcasts } = this.deps;
    const cancelled = await audit.during(
      actor,
      { action: 'broadcasts.cancel', subject: broadcastId },
      async () => {
        const doc = await broadcasts.cancel(broadcastId);
        if (doc) return doc;
        const { status } = await this.one(broadcastId);
        throw new AppError('CONFLICT', `This broadcast is already ${status}`);
      },
    );
    return this.record(cancelled);
  }

  /** Sends every broadcast whose time has come. */
  async sendDue(): Promise<void> {
    const { broadcasts, clock } = this.deps;
    for (const id of await broadcasts.dueIds(new Date(clock.now()))) await this.send(id);
  }

  /** @throws {AppError} NOT_FOUND when there is no such broadcast. */
  async one(broadcastId: string): Promise<BroadcastRecord> {
    const doc = await this.deps.broadcasts.one(broadcastId);
    if (!doc) throw notFound('Broadcast');
    return this.record(doc);
  }

  /** What was sent after a number, oldest first. */
  async sentAfter(number: number, limit: number): Promise<BroadcastRecord[]> {
    const sent = await this.deps.broadcasts.sentAfter(number, limit);
    return Promise.all(sent.map((doc) => this.record(doc)));
  }

  /** Gives a scheduled broadcast the next number, unless somebody else was faster or cancelled it. */
  private async send(broadcastId: string): Promise<void> {
    const { broadcasts, bus, clock } = this.deps;
    await writeNumbered({
      newest: () => broadcasts.newestNumber(),
      write: async (number) => {
        const isSent = await broadcasts.send(broadcastId, number, new Date(clock.now()));
        if (isSent) bus.emit('broadcast.sent', { number }, { scope: 'cluster' });
      },
      maxAttempts: MAX_ATTEMPTS,
      refusal: 'Too many broadcasts at once; try again',
    });
  }

  private async replay(
    actor: Actor,
    clientMessageId: string,
    input: BroadcastInput,
  ): Promise<BroadcastRecord> {
    const original = await this.deps.broadcasts.ofClientMessage(actor.userId, clientMessageId);
    if (!original) throw notFound('Broadcast');
    if (!isRetryOf(original, input)) {
      throw new AppError(
        'CLIENT_MESSAGE_ID_REUSED',
        'This clientMessageId was already used for a different broadcast',
      );
    }
    return this.record(original);
  }

  private async record(doc: StoredBroadcast): Promise<BroadcastRecord> {
    return toBroadcastRecord(doc, await this.deps.directory.card(doc.senderId.toHexString()));
  }
}

const storedAudience = (audience: BroadcastInput['audience']): BroadcastAudience =>
  audience.kind === 'list' ? { kind: 'list', userIds: audience.userIds.map(objectId) } : audience;

/** Whether an input equals the stored broadcast: the same text for the same people at the same time. */
const isRetryOf = (
  original: StoredBroadcast,
  { message, messageType, audience, scheduledAt }: BroadcastInput,
): boolean => {
  // A broadcast without a time, or with one in the past, was due when it was made.
  const due = Math.max(scheduledAt?.getTime() ?? 0, original.createdAt.getTime());
  return (
    original.message === message &&
    original.messageType === messageType &&
    original.scheduledAt.getTime() === due &&
    isSameAudience(original.audience, storedAudience(audience))
  );
};

const isSameAudience = (one: BroadcastAudience, other: BroadcastAudience): boolean => {
  if (one.kind === 'list' && other.kind === 'list') {
    const named = new Set(one.userIds.map((id) => id.toHexString()));
    return (
      named.size === other.userIds.length &&
      other.userIds.every((id) => named.has(id.toHexString()))
    );
  }
  if (one.kind === 'role' && other.kind === 'role') return one.role === other.role;
  return one.kind === other.kind;
};

/** How many people a broadcast has reached. */
export interface BroadcastReach {
  /** People it is for. */
  recipients: number;
  /** Of these, those whom it has reached. */
  delivered: number;
  /** Of these, those who have read it. */
  read: number;
}

/** What admins may know of the broadcasts. */
export class BroadcastStatistics {
  constructor(
    private readonly deps: {
      broadcasts: BroadcastsRepository;
      positions: BroadcastPositionsRepository;
      administration: Pick<UserAdministration, 'adminIds' | 'closedIds' | 'count'>;
      directory: Pick<UserDirectory, 'cards'>;
    },
  ) {}

  /** All broadcasts, newest first. */
  async list(page: PageQuery): Promise<{ records: BroadcastRecord[]; pagination: Pagination }> {
    const { broadcasts, directory } = this.deps;
    const [docs, total] = await Promise.all([broadcasts.page(page), broadcasts.total()]);
    const cards = await directory.cards(docs.map(({ senderId }) => senderId.toHexString()));
    return {
      records: docs.map((doc) => toBroadcastRecord(doc, cards.get(doc.senderId.toHexString()))),
      pagination: paginate(page, total),
    };
  }

  /** @throws {AppError} NOT_FOUND when there is no such broadcast. */
  async of(broadcastId: string): Promise<{ record: BroadcastRecord; statistics: BroadcastReach }> {
    const { broadcasts, directory } = this.deps;
    const doc = await broadcasts.one(broadcastId);
    if (!doc) throw notFound('Broadcast');
    const cards = await directory.cards([doc.senderId.toHexString()]);
    return {
      record: toBroadcastRecord(doc, cards.get(doc.senderId.toHexString())),
      statistics: await this.count(doc),
    };
  }

  private async count({ audience, number, sentAt }: StoredBroadcast): Promise<BroadcastReach> {
    if (number === undefined || sentAt === null) return { recipients: 0, delivered: 0, read: 0 };
    const { administration, positions } = this.deps;
    // Ids grow with time: later accounts are no recipients, however far they have come.
    const lastId = Types.ObjectId.createFromTime(Math.floor(sentAt.getTime() / 1000) + 1);
    const admins = audience.kind === 'role' ? await administration.adminIds() : [];
    const among: UserIdFilter = {
      $lt: lastId,
      ...(audience.kind === 'list' && { $in: audience.userIds }),
      ...(audience.kind === 'role' && {
        [audience.role === 'admin' ? '$in' : '$nin']: admins.map(objectId),
      }),
    };
    const reached = (field: keyof BroadcastPosition, ids: UserIdFilter) =>
      positions.countReached(field, number, ids);
    const [recipients, ...all] = await Promise.all([
      administration.count({ ...among }),
      reached('deliveredNumber', { ...among }),
      reached('readNumber', { ...among }),
    ]);
    let [delivered, read] = all;
    // Positions outlive the closing of an account, whose owner is no recipient any more.
    for await (const closed of administration.closedIds({ ...among })) {
      delivered -= await reached('deliveredNumber', { $in: closed });
      read -= await reached('readNumber', { $in: closed });
    }
    return { recipients, delivered, read };
  }
}
