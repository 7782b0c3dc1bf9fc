import type { Actor } from '../../shared/actor.js';
import type { AppError } from '../../shared/errors.js';
import { forbidden } from '../../shared/errors.js';
import type { AccountStatus } from '../users/index.js';

/** The error for somebody who may not stream to everybody. */
export const notToEverybody = (): AppError => forbidden('Only admins may stream to everybody');

/** Whether somebody may stream to everybody; to a chat, its members may. */
export const refusalToStartForAll = (actor: Actor): AppError | undefined =>
  actor.role === 'admin' ? undefined : notToEverybody();

/** Whether somebody who streams to everybody may go on. */
export const mayStreamToAll = (status: AccountStatus | undefined): boolean =>
  status?.role === 'admin' && !status.isDeactivated;

/** Whether somebody may end a stream: its host, or an admin. */
export const refusalToEnd = (actor: Actor, hostId: string): AppError | undefined =>
  actor.userId === hostId || actor.role === 'admin'
    ? undefined
    : forbidden('Only the host may end a stream');

/** Signals go between the host and a viewer, never between viewers. */
export const refusalToSignal = (from: string, to: string, hostId: string): AppError | undefined =>
  (from === hostId) === (to === hostId)
    ? forbidden('Signals go between the host and a viewer')
    : undefined;
