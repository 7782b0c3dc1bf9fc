import type { TestUser } from './server.js';
import type { TestSocket } from './socket.js';

/** Picks out the news that somebody has a status now. */
export const about = (user: TestUser, status: string) => (payload: Record<string, unknown>) =>
  payload.userId === user.id && payload.status === status;

/** Every status of somebody that a socket was told, in order. */
export const heardOf = (socket: TestSocket, user: TestUser): unknown[] =>
  socket.heard
    .filter(({ event, payload }) => event === 'presence_changed' && payload.userId === user.id)
    .map(({ payload }) => payload.status);
