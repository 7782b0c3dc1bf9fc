import type Joi from 'joi';
import type { Sheddable } from '../../platform/load-monitor.js';
import type { UserLimitName } from '../../platform/user-limits.js';
import type { Actor } from '../../shared/actor.js';
import type { DialectName } from './dialect.js';

/** The caller's socket, as far as commands need it. */
export interface CallerSocket {
  readonly id: string;
  /** Whether the device is still connected; a command runs to its end also when it is not. */
  readonly isConnected: boolean;
  /** Sends an event to this socket alone. */
  emit(event: string, payload: unknown): void;
  /**
   * Says that this device is looking at a chat, once it is certain that its user is a member; a
   * `closeChat` that comes meanwhile holds. Call it as soon as the command comes, with a promise where
   * the chat has to be found first. Answers the chat's id.
   *
   * @throws {AppError} NOT_FOUND for everybody but members.
   */
  openChat(chat: string | Promise<string>): Promise<string>;
  /** Says that it no longer is. */
  closeChat(chatId: string): void;
  /** Chats that this device is looking at. */
  readonly openChats: ReadonlySet<string>;
  /** Joins or leaves a room of another kind, such as a live stream's. */
  join(channel: string): void;
  leave(channel: string): void;
  /** Receives these dialects from now on, whatever it declared or taught before, and learns none any more. */
  setDialects(dialects: readonly DialectName[]): void;
  /**
   * Stays under a newer token of the same login.
   *
   * @returns until when, in milliseconds since 1970.
   * @throws {AppError} UNAUTHENTICATED, TOKEN_EXPIRED, ACCOUNT_DEACTIVATED, or FORBIDDEN for that of another login.
   */
  renewToken(token: string): Promise<number>;
}

/** The command by which a client brings a newer token: the only one that is taken when the old one has expired. */
export const REFRESH_TOKEN = 'refresh_token';

/** Who sent a command, and from where. */
export interface CommandContext {
  actor: Actor;
  socket: CallerSocket;
}

/**
 * A client → server event. Several dialects may use one name; the first whose `accepts` says yes is
 * taken, so the one without `accepts` is last.
 */
export interface Command<P> {
  event: string;
  dialect: DialectName;
  summary: string;
  /** Whether the payload is of this dialect; absent: any is. */
  accepts?: (payload: unknown) => boolean;
  schema: Joi.Schema<P>;
  /** The ack's `data`. */
  answer: Joi.Schema;
  /** The name of the event that is also emitted to the caller; absent: none is. */
  confirms?: string;
  /** Its use does not tell dialects apart: several have it, name and payload alike, or it is about them. */
  isShared?: boolean;
  /** Who may call it at all. */
  auth?: 'user' | 'admin';
  /** The allowance it counts against, per user and over both transports; absent: it asks no database. */
  userLimit?: UserLimitName;
  /** What it is refused as while the process is too busy; absent: it never is. */
  shedAs?: Sheddable;
  /**
   * Runs the use case. What it returns is the ack's `data`; `confirm`, the payload of `confirms`, is also emitted
   * to the caller.
   */
  handle(context: CommandContext, payload: P): Promise<CommandResult>;
}

/** The outcome of a command. */
export interface CommandResult {
  data: unknown;
  /** Of a command that has `confirms`: the payload of that event. */
  confirm?: unknown;
}

/** Any command, once its payload type no longer matters. */
export type AnyCommand = Command<never>;

/** Declares a command; its payload's type follows from the schema. */
export const command = <P>(spec: Command<P>): AnyCommand => spec as unknown as AnyCommand;

/** Whether a payload is an object with a given member; the usual way to tell dialects apart. */
export const hasField =
  (field: string) =>
  (payload: unknown): boolean =>
    typeof payload === 'object' && payload !== null && Object.hasOwn(payload, field);
