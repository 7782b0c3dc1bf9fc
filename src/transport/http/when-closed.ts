import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What to run when a connection closes, with one listener per connection whatever number of requests it has. */
const waiting = new WeakMap<Socket, Set<() => void>>();

const callbacksOf = (connection: Socket): Set<() => void> => {
  const known = waiting.get(connection);
  if (known) return known;
  const callbacks = new Set<() => void>();
  waiting.set(connection, callbacks);
  connection.once('close', () => {
    for (const callback of [...callbacks]) callback();
  });
  return callbacks;
};

/**
 * Runs a callback once when a response is done with, whether or not it was sent: when it closes, or its
 * connection does. Node emits no `close` for a response that waits behind another one of the same connection
 * (HTTP pipelining) when the client goes away.
 */
export const whenClosed = (
  { socket }: IncomingMessage,
  res: ServerResponse,
  callback: () => void,
): void => {
  const callbacks = callbacksOf(socket);
  const run = () => {
    if (!callbacks.delete(run)) return;
    res.off('close', run);
    callback();
  };
  callbacks.add(run);
  res.once('close', run);
  if (res.closed || socket.destroyed) run();
};
