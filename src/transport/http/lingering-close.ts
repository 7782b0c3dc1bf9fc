import type { Server } from 'node:http';
import { bringsBody } from './arrival-guard.js';

/** How long what still arrives is read after the answer, in milliseconds. */
const LINGER_MS = 10_000;

/**
 * Reads what is left of a body before a connection is closed after its answer. Somebody who asks for
 * `Connection: close`, as nginx does by default, may be answered before the body has arrived: refused, for want
 * of a token or of a right. A close while bytes still come resets the connection, and what was on its way to
 * the sender, the answer, is lost: a proxy says 502 then. Connections that are kept need none of it: Node reads
 * on for them.
 *
 * @param lingerMs bounds the reading; bodies that trickle are cut by `guardArrivals` as well.
 */
export const closeAfterBodies = (server: Server, lingerMs = LINGER_MS): void => {
  server.prependListener('request', (req) => {
    if (!bringsBody(req)) return;
    const { socket } = req;
    const close = socket.destroySoon.bind(socket);
    // What Node calls after the last answer of a connection.
    socket.destroySoon = () => {
      if (req.complete || socket.destroyed) {
        close();
        return;
      }
      // Not half closed either: a Node client stops to send then, and forgets the answer.
      const timer = setTimeout(close, lingerMs).unref();
      req.resume().once('close', () => {
        clearTimeout(timer);
        close();
      });
    };
  });
};
