import type { Actor } from './actor.js';
import { forbidden } from './errors.js';

/**
 * Lets admins through, for routes and commands whose table says `auth: 'admin'`. What the login remembers
 * refuses others without a question; an admin is looked up, because they may have been demoted since.
 *
 * @throws {AppError} FORBIDDEN
 */
export const admitAdmin = async (
  actor: Actor,
  requireAdmin: (actor: Actor) => Promise<void>,
): Promise<void> => {
  if (actor.role !== 'admin') throw forbidden('Only admins may do this');
  await requireAdmin(actor);
};
