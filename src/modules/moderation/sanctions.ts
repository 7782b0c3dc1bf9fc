import type { Publisher } from '../../platform/event-bus.js';
import type { Job } from '../../platform/jobs.js';
import type { Actor } from '../../shared/actor.js';
import { audiences } from '../../shared/audience.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, forbidden, invalidInput, notFound } from '../../shared/errors.js';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import { paginate } from '../../shared/pagination.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type {
  ChatEnforcement,
  ChatEvents,
  SanctionKind,
  SanctionRecord,
  SanctionsRepository,
} from '../chats/index.js';
import { refusalToModerate, refusalToOversee, sanctionFacts } from '../chats/index.js';
import type { AuditTrail, UserRecord } from '../users/index.js';

/** A sanction to impose. */
export interface SanctionInput {
  actor: Actor;
  /** The chat in which it applies; left out: on the whole server, which only admins of the system may. */
  chatId?: string | undefined;
  userId: string;
  /** When it ends by itself; left out: when somebody lifts it. */
  until?: Date | undefined;
  /** Told to the person. */
  reason: string;
}

/** The sanctions of one person that are shown to them; nobody has more. */
const MAX_OWN = 200;
/** How often bans are looked for that a node has left half carried out, in milliseconds. */
const REPAIR_EVERY_MS = 15_000;
/** A ban is left to the node that imposes or lifts it for so long (ms). */
const LEFT_ALONE_MS = 10_000;
/** Bans that one round carries out. */
const REPAIRED_AT_ONCE = 100;

/** Silences and bans, in a chat by those who moderate it, on the server by its admins. */
export class Sanctions {
  constructor(
    private readonly deps: {
      sanctions: SanctionsRepository;
      chats: ChatEnforcement;
      /** Accounts, as far as a ban on the server is about them. */
      accounts: {
        find(userId: string): Promise<UserRecord | null>;
        setBan(userId: string, ban: { until: Date | null; reason: string } | null): Promise<void>;
      };
      accessChanges: AccessChangePoster;
      bus: Publisher<ChatEvents>;
      audit: AuditTrail;
      clock: Clock;
    },
  ) {}

  /**
   * Takes writing away from somebody, who goes on reading. It replaces a silence that they have there.
   *
   * @throws {AppError} NOT_FOUND for the chat or the user, FORBIDDEN: see `refusalToModerate`, VALIDATION for
   *   an end that is past.
   */
  async silence(input: SanctionInput): Promise<SanctionRecord> {
    return this.impose('silence', input);
  }

  /**
   * Puts somebody out of a chat and keeps them out, by whatever way they come; on the server: ends their logins
   * and refuses new ones. It replaces a ban that they have there.
   *
   * @throws {AppError} as {@link silence}; FORBIDDEN for admins of the system on the server.
   */
  async ban(input: SanctionInput): Promise<SanctionRecord> {
    return this.impose('ban', input);
  }

  /**
   * Lets what somebody writes reach nobody but themselves, on the whole server; they are not told. It replaces a shadow
   * that they have.
   *
   * @throws {AppError} as {@link silence}; FORBIDDEN in a chat, and for admins of the system, who see the list.
   */
  async shadow(input: Omit<SanctionInput, 'chatId'>): Promise<SanctionRecord> {
    return this.impose('shadow', input);
  }

  /**
   * Lifts a sanction before its end; lifting one twice changes nothing.
   *
   * @param input.chatId the chat in which it applies; left out: on the server.
   * @throws {AppError} NOT_FOUND, FORBIDDEN.
   */
  async lift(input: {
    actor: Actor;
    chatId?: string | undefined;
    sanctionId: string;
  }): Promise<SanctionRecord> {
    const { actor, chatId, sanctionId } = input;
    const { accessChanges, audit, bus, clock, sanctions } = this.deps;
    const found = await sanctions.find(sanctionId);
    if (!found || (found.chatId?.toHexString() ?? undefined) !== chatId) throw notFound('Sanction');
    const userId = found.userId.toHexString();
    await this.assertMay(actor, chatId, userId);
    return audit.during(
      actor,
      {
        action: 'sanctions.lift',
        subject: userId,
        details: { sanctionId, kind: found.kind, chatId },
      },
      async () => {
        await accessChanges.post([changeOf(chatId, userId)]);
        const lifted = await sanctions.lift(found, actor.userId, new Date(clock.now()));
        if (!lifted) return (await sanctions.find(sanctionId))!;
        bus.emit(
          'member.sanction_lifted',
          { ...sanctionFacts(lifted), audience: audienceOf(lifted) },
          { scope: 'cluster' },
        );
        await this.carryOut(lifted);
        return lifted;
      },
    );
  }

  /**
   * A page of what applies in a chat, or on the server, newest first, with the appeals.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN for those who do not moderate there.
   */
  async list(
    actor: Actor,
    chatId: string | undefined,
    page: PageQuery,
  ): Promise<{ sanctions: SanctionRecord[]; pagination: Pagination }> {
    if (chatId === undefined) assertAdmin(actor);
    else {
      const refusal = refusalToOversee(await this.deps.chats.role(actor, chatId));
      if (refusal) throw refusal;
    }
    const now = new Date(this.deps.clock.now());
    const { rows, total } = await this.deps.sanctions.page(chatId ?? null, now, page);
    return { sanctions: rows, pagination: paginate(page, total) };
  }

  /** What applies to the actor, everywhere, newest first. */
  async mine(actor: Actor): Promise<SanctionRecord[]> {
    const now = new Date(this.deps.clock.now());
    return this.deps.sanctions.ofUser(actor.userId, now, MAX_OWN);
  }

  /**
   * Answers a sanction, once; those who can lift it see the answer in their list.
   *
   * @throws {AppError} NOT_FOUND when the actor has no such sanction, CONFLICT for a second appeal, GONE when
   *   it applies no more.
   */
  async appeal(actor: Actor, sanctionId: string, text: string): Promise<SanctionRecord> {
    const { clock, sanctions } = this.deps;
    const found = await sanctions.find(sanctionId);
    if (!found?.userId.equals(actor.userId) || found.kind === 'shadow') throw notFound('Sanction');
    const now = clock.now();
    if (!found.isOpen || (found.until && found.until.getTime() <= now)) {
      throw new AppError('GONE', 'This sanction applies no more');
    }
    const appealed = await sanctions.appeal(sanctionId, actor.userId, { text, at: new Date(now) });
    if (!appealed)
      throw new AppError('CONFLICT', 'You have appealed against this sanction already');
    return appealed;
  }

  private async impose(kind: SanctionKind, input: SanctionInput): Promise<SanctionRecord> {
    const { actor, chatId, userId, until, reason } = input;
    const { accessChanges, accounts, audit, bus, chats, clock, sanctions } = this.deps;
    const now = clock.now();
    if (until && until.getTime() <= now) throw invalidInput('until', 'a time in the future');
    if (userId === actor.userId) throw forbidden('You cannot do this to yourself');
    await this.assertMay(actor, chatId, userId);
    const user = await accounts.find(userId);
    if (!user) throw notFound('User');
    if (chatId === undefined && kind !== 'silence' && user.role === 'admin') {
      throw forbidden('This cannot be done to an admin of the system: take the role away first');
    }
    return audit.during(
      actor,
      {
        action: `sanctions.${kind}`,
        subject: userId,
        details: { chatId, reason, until: until?.toISOString() },
      },
      async () => {
        // Before the writes, so that no crash can come between.
        await accessChanges.post([changeOf(chatId, userId)]);
        if (chatId !== undefined) await chats.prepare(chatId);
        const sanction = await sanctions.impose({
          chatId: chatId ?? null,
          userId,
          kind,
          reason,
          until: until ?? null,
          actorId: actor.userId,
          createdAt: new Date(now),
        });
        // Told before the logins end, so that the person's devices still hear why.
        bus.emit(
          'member.sanctioned',
          { ...sanctionFacts(sanction), audience: audienceOf(sanction) },
          { scope: 'cluster' },
        );
        await this.carryOut(sanction);
        return sanction;
      },
      (sanction) => ({ sanctionId: sanction._id.toHexString() }),
    );
  }

  /** Carries out what nodes that have stopped have left. */
  readonly jobs: Job[] = [
    {
      name: 'pending sanctions',
      everyMs: REPAIR_EVERY_MS,
      run: () => this.carryOutPending(),
      isOncePerCluster: true,
    },
  ];

  private async carryOutPending(): Promise<void> {
    const before = this.deps.clock.now() - LEFT_ALONE_MS;
    const failures: unknown[] = [];
    for (const newer of await this.deps.sanctions.replacing(REPAIRED_AT_ONCE)) {
      if (newer.createdAt.getTime() < before) await this.deps.sanctions.closeOlder(newer);
    }
    for (const ban of await this.deps.sanctions.pending(REPAIRED_AT_ONCE)) {
      if ((ban.liftedAt ?? ban.createdAt).getTime() >= before) continue;
      // One that cannot be carried out now must not keep the others from it.
      await this.carryOut(ban).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Makes memberships and accounts as a ban says that was imposed or lifted. */
  private async carryOut(sanction: SanctionRecord): Promise<void> {
    const { chats, sanctions } = this.deps;
    const { _id, kind, chatId, userId, actorId } = sanction;
    if (kind !== 'ban') return;
    if (chatId === null) await this.banAccount(userId.toHexString());
    else if (await this.storedBan(chatId.toHexString(), userId.toHexString())) {
      await chats.expel(chatId.toHexString(), userId.toHexString(), actorId.toHexString());
    }
    await sanctions.settle(_id);
  }

  /** Another ban may be stored, or this one lifted, at the same moment: what is stored last must be in force. */
  private async banAccount(userId: string): Promise<void> {
    const { accounts } = this.deps;
    for (let ban = await this.storedBan(null, userId), isSettled = false; !isSettled;) {
      await accounts.setBan(userId, ban ? { until: ban.until, reason: ban.reason } : null);
      const now = await this.storedBan(null, userId);
      isSettled = now?._id.toHexString() === ban?._id.toHexString();
      ban = now;
    }
  }

  /** The ban that applies to a user now, in a chat or (null) on the server. */
  private async storedBan(
    chatId: string | null,
    userId: string,
  ): Promise<SanctionRecord | undefined> {
    const now = new Date(this.deps.clock.now());
    const applying = await this.deps.sanctions.applying(chatId, [userId], now);
    return applying.find(({ kind }) => kind === 'ban');
  }

  private async assertMay(actor: Actor, chatId: string | undefined, userId: string): Promise<void> {
    if (chatId === undefined) {
      assertAdmin(actor);
      return;
    }
    const { chatRole, target } = await this.deps.chats.roles(actor, chatId, userId);
    // Rooms belong to the admins of the system, also those who have not joined.
    const isOwner =
      chatRole.kind === 'room' && (await this.deps.accounts.find(userId))?.role === 'admin';
    const refusal =
      refusalToModerate(chatRole, isOwner ? 'owner' : target) ?? refusalInDirect(chatRole.kind);
    if (refusal) throw refusal;
  }
}

/** The person; nobody of what they are not told. */
const audienceOf = ({ kind, userId }: SanctionRecord) =>
  audiences.users(kind === 'shadow' ? [] : [userId.toHexString()]);

const refusalInDirect = (kind: string): AppError | undefined =>
  kind === 'group' || kind === 'room'
    ? undefined
    : forbidden('This can only be done in groups and rooms');

const assertAdmin = (actor: Actor): void => {
  if (actor.role !== 'admin') throw forbidden('Only admins may do this');
};

const changeOf = (chatId: string | undefined, userId: string) =>
  chatId === undefined
    ? ({ kind: 'silence', userId } as const)
    : ({ kind: 'member', userId, chatId } as const);
