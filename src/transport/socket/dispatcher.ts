import type { WorkTracker } from '../../platform/work-tracker.js';
import type { Logger } from '../../platform/logger.js';
import type { Metrics } from '../../platform/metrics.js';
import { toAppError } from '../../platform/to-app-error.js';
import type { UserLimits } from '../../platform/user-limits.js';
import type { UserTurns } from '../../platform/user-turns.js';
import type { Actor } from '../../shared/actor.js';
import { admitAdmin } from '../../shared/admit-admin.js';
import { AppError } from '../../shared/errors.js';
import type { ExternalIdLookup } from '../../shared/external-ids.js';
import { ExternalIds } from '../../shared/external-ids.js';
import { cutText } from '../../shared/text.js';
import { validate } from '../../shared/validate.js';
import type { AnyCommand, CallerSocket, CommandResult } from './command.js';
import { REFRESH_TOKEN } from './command.js';
import type { DialectName } from './dialect.js';
import { ALL_DIALECTS, maskOf } from './dialect.js';
import { channels } from './channels.js';
import type { ChatWish, ParleySocket } from './socket-data.js';
import type { SocketRegistry } from './socket-registry.js';

/** What an ack carries. */
export type AckBody =
  { ok: true; data: unknown } | { ok: false; error: ReturnType<AppError['toBody']> };

/** What dispatching needs. */
export interface DispatcherParts {
  commands: AnyCommand[];
  registry: SocketRegistry;
  logger: Logger;
  metrics: Metrics;
  work: Pick<WorkTracker, 'admit' | 'begin'>;
  userLimits: UserLimits;
  /** Where each user's commands take their turn. */
  userTurns: Pick<UserTurns, 'runWithin'>;
  /** Finds what a payload names by the ids of other products. */
  externalIdLookup: ExternalIdLookup;
  /** Longest time for a command, in milliseconds. */
  timeoutMs: number;
  /** Told every error that is answered. */
  onError(error: AppError): void;
  /** Commands per second that a socket may send; 0 for no limit. */
  eventsPerSecond: number;
  /** Rejects with NOT_FOUND unless the user is a member of the chat. */
  requireMember(userId: string, chatId: string): Promise<unknown>;
  /** Rejects with FORBIDDEN unless the user is an admin now, whatever the connection was made as. */
  requireAdmin(actor: Actor): Promise<void>;
  /** Throws TOKEN_EXPIRED for a socket whose token has ended. */
  requireToken(socket: ParleySocket): void;
  /** Takes a newer token; see {@link CallerSocket.renewToken}. */
  renewToken(socket: ParleySocket, token: string): Promise<number>;
  /** Says that a device began or ceased to look at a chat. */
  onView(socket: ParleySocket, chatId: string, isOpen: boolean): void;
}

/** Commands that may be under way at a time: of one socket, and of all together. */
const MAX_IN_FLIGHT = 200;
export const MAX_IN_FLIGHT_IN_ALL = 10_000;
/** A socket that is so many times over its limit is taken for an attack. */
const ABUSE_FACTOR = 10;

/**
 * The only place where a socket is listened to. Every frame, whatever it is called and holds, goes
 * through the same steps: limit, find the command, validate, authorise, run, answer.
 */
export class CommandDispatcher {
  private readonly byEvent = new Map<string, AnyCommand[]>();
  private inFlightInAll = 0;

  constructor(private readonly parts: DispatcherParts) {
    for (const command of parts.commands) {
      const variants = this.byEvent.get(command.event) ?? [];
      this.byEvent.set(command.event, [...variants, command]);
    }
    for (const variants of this.byEvent.values()) {
      // A variant that takes any payload comes after those that look at it.
      variants.sort((a, b) => Number(!a.accepts) - Number(!b.accepts));
    }
  }

  /** Listens to a socket. */
  attach(socket: ParleySocket): void {
    const budget = new EventBudget(this.parts.eventsPerSecond);
    const caller = new Caller(socket, this.parts);
    const sequence = new CommandSequence();
    let inFlight = 0;
    socket.onAny((name: string | number, ...args: unknown[]) => {
      // The protocol lets numbers be names, too.
      const event = String(name);
      const last = args.at(-1);
      const ack = typeof last === 'function' ? (last as (body: AckBody) => void) : undefined;
      const payload = ack && args.length === 1 ? undefined : args[0];
      if (budget.isAbused()) {
        socket.disconnect(true);
        return;
      }
      inFlight += 1;
      this.inFlightInAll += 1;
      const end = this.parts.work.begin();
      void this.run(socket, caller, {
        event,
        payload,
        hasBudget: budget.take(),
        inFlight,
        sequence,
      })
        .then((result) => {
          ack?.({ ok: true, data: result.data ?? null });
          if (result.confirms) socket.emit(result.confirms, result.confirm);
        })
        .catch((thrown: unknown) => {
          this.refuse(socket, event, thrown, ack);
        })
        .finally(() => {
          inFlight -= 1;
          this.inFlightInAll -= 1;
          end();
        });
    });
  }

  private async run(
    socket: ParleySocket,
    caller: CallerSocket,
    frame: Frame,
  ): Promise<CommandResult & Pick<AnyCommand, 'confirms'>> {
    if (!frame.hasBudget) {
      throw new AppError('RATE_LIMITED', 'Too many events', { retryAfter: 1 });
    }
    if (frame.inFlight > MAX_IN_FLIGHT || this.inFlightInAll > MAX_IN_FLIGHT_IN_ALL) {
      throw new AppError('OVERLOADED', 'Too many commands under way', { retryAfter: 1 });
    }
    if (frame.event !== REFRESH_TOKEN) this.parts.requireToken(socket);
    const variants = this.byEvent.get(frame.event);
    if (!variants)
      throw new AppError('UNKNOWN_EVENT', `Unknown event: ${cutText(frame.event, 64)}`);
    const command =
      variants.find(({ accepts }) => !accepts || accepts(frame.payload)) ?? variants[0]!;
    if (command.shedAs) this.parts.work.admit(command.shedAs);
    const externalIds = new ExternalIds();
    const validated = () => validate(command.schema, frame.payload ?? {}, externalIds);
    let payload = validated();
    const { actor } = socket.data;
    const { previous, begun } = frame.sequence.enter();
    const { externalIdLookup, requireAdmin, timeoutMs, userLimits, userTurns } = this.parts;
    try {
      const result = await userTurns.runWithin(actor.userId, timeoutMs, async () => {
        if (command.userLimit) await userLimits.consume(command.userLimit, actor.userId);
        if (command.auth === 'admin') await admitAdmin(actor, requireAdmin);
        if (!externalIds.isEmpty) {
          await externalIds.resolve(externalIdLookup);
          payload = validated();
        }
        await previous;
        const work = command.handle({ actor, socket: caller }, payload);
        begun();
        return work;
      });
      this.learnDialect(socket, command);
      return { ...result, confirms: command.confirms };
    } finally {
      begun();
    }
  }

  /**
   * A socket that has declared no dialect receives all of them, until the first command that shows its dialect:
   * from then on, that one. Later commands of other dialects change nothing: else a client that uses one
   * of another dialect would receive every message twice.
   */
  private learnDialect(socket: ParleySocket, command: AnyCommand): void {
    const { data } = socket;
    if (data.knowsDialect || command.isShared) return;
    data.knowsDialect = true;
    this.parts.registry.setDialects(socket, maskOf(command.dialect));
  }

  private refuse(
    socket: ParleySocket,
    event: string,
    thrown: unknown,
    ack: ((body: AckBody) => void) | undefined,
  ): void {
    const error = toAppError(thrown);
    this.parts.onError(error);
    if (error.code === 'INTERNAL') {
      this.parts.metrics.unhandledErrors.inc();
      this.parts.logger.error({ err: thrown, event }, 'socket command failed');
    }
    const body = error.toBody();
    if (ack) ack({ ok: false, error: body });
    else this.parts.metrics.framesDropped.inc({ code: error.code });
    if (this.isUnmissed(event, error)) return;
    // The list of what is wrong with an input is sent once: in the answer where one is asked for.
    const { errors, ...rest } = body;
    socket.emit('error', { ...rest, ...(!ack && errors && { errors }), event });
  }

  /** Whether a refusal is not sent: a busy process does not spend a packet on a lost signal. */
  private isUnmissed(event: string, { code }: AppError): boolean {
    const isSignal = this.byEvent.get(event)?.some(({ shedAs }) => shedAs === 'signals') ?? false;
    return isSignal && code === 'UNAVAILABLE';
  }
}

/** A command as it came, and whether its socket may send more. */
interface Frame {
  event: string;
  payload: unknown;
  hasBudget: boolean;
  /** Commands of the socket under way, with this one. */
  inFlight: number;
  sequence: CommandSequence;
}

/**
 * Keeps a socket's commands in their order: each begins after the one before it has begun, or has been
 * refused. Their allowances are counted in different places, and some answer sooner than others. Turns are
 * given in the order of arrival, so who has one never waits for a command that has none yet.
 */
class CommandSequence {
  private last: Promise<void> = Promise.resolve();

  enter(): { previous: Promise<void>; begun: () => void } {
    const previous = this.last;
    let begun = (): void => undefined;
    this.last = new Promise((resolve) => {
      begun = resolve;
    });
    return { previous, begun };
  }
}

/** Spreads a socket's allowance over time: a bucket of two seconds' worth, refilled steadily. */
class EventBudget {
  private tokens: number;
  private refilledAt = performance.now();

  constructor(private readonly perSecond: number) {
    this.tokens = perSecond * 2;
  }

  /** Takes one event's worth; false when there is none left. */
  take(): boolean {
    if (this.perSecond === 0) return true;
    const now = performance.now();
    const earned = ((now - this.refilledAt) / 1000) * this.perSecond;
    this.refilledAt = now;
    this.tokens = Math.min(this.perSecond * 2, this.tokens + earned) - 1;
    return this.tokens >= 0;
  }

  /** Whether the socket keeps sending far more than it may, although it is refused. */
  isAbused(): boolean {
    return this.perSecond > 0 && this.tokens < -this.perSecond * ABUSE_FACTOR;
  }
}

/** The socket as commands see it; one small object per connection, without closures. */
class Caller implements CallerSocket {
  constructor(
    private readonly socket: ParleySocket,
    private readonly parts: Pick<
      DispatcherParts,
      'registry' | 'onView' | 'renewToken' | 'requireMember'
    >,
  ) {}

  get id(): string {
    return this.socket.id;
  }

  get isConnected(): boolean {
    return this.socket.connected;
  }

  get openChats(): ReadonlySet<string> {
    return this.socket.data.openChats;
  }

  emit(event: string, payload: unknown): void {
    this.socket.emit(event, payload);
  }

  async openChat(chat: string | Promise<string>): Promise<string> {
    const { data } = this.socket;
    const wish: ChatWish = { chatId: undefined, left: new Set(), isOutdated: false };
    data.wishes = (data.wishes ?? new Set()).add(wish);
    try {
      const chatId = await chat;
      wish.chatId = chatId;
      do {
        wish.isOutdated = false;
        await this.parts.requireMember(data.actor.userId, chatId);
        // Whoever is taken out while the question is under way is found in no room that they could be
        // taken out of, and the answer may be from before: so it is asked again.
      } while (wish.isOutdated && !wish.left.has(chatId));
      if (!wish.left.has(chatId)) this.beginToLook(chatId);
      return chatId;
    } finally {
      data.wishes.delete(wish);
      if (data.wishes.size === 0) data.wishes = undefined;
    }
  }

  private beginToLook(chatId: string): void {
    const { socket, parts } = this;
    if (socket.data.openChats.has(chatId) || !socket.connected) return;
    socket.data.openChats.add(chatId);
    parts.registry.join(socket, channels.open(chatId));
    parts.onView(socket, chatId, true);
  }

  closeChat(chatId: string): void {
    const { socket, parts } = this;
    for (const wish of socket.data.wishes ?? []) wish.left.add(chatId);
    if (!socket.data.openChats.delete(chatId)) return;
    parts.registry.leave(socket, channels.open(chatId));
    parts.onView(socket, chatId, false);
  }

  join(channel: string): void {
    if (this.socket.connected) this.parts.registry.join(this.socket, channel);
  }

  leave(channel: string): void {
    this.parts.registry.leave(this.socket, channel);
  }

  setDialects(dialects: readonly DialectName[]): void {
    this.socket.data.knowsDialect = true;
    const mask = dialects.reduce((set, dialect) => set | maskOf(dialect), 0);
    this.parts.registry.setDialects(this.socket, mask);
  }

  renewToken(token: string): Promise<number> {
    return this.parts.renewToken(this.socket, token);
  }
}

/** Runs once when a socket has gone, for whatever reason. */
export const onDisconnect = (socket: ParleySocket, handler: () => void): void => {
  socket.once('disconnect', handler);
};

/** What a socket receives at first: the dialect it has declared, or all. */
export const initialMask = (declared: Parameters<typeof maskOf>[0] | undefined): number =>
  declared ? maskOf(declared) : ALL_DIALECTS;
