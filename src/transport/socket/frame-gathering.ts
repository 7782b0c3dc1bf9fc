import type { Socket as NetSocket } from 'node:net';
import type { RawConnection } from './raw-connection.js';

/** The parts of a connection that Engine.IO keeps to itself: `flush` hands what waits to the transport. */
interface Flushing {
  flush(): void;
  readonly readyState: string;
  readonly transport: { readonly name: string; readonly socket?: { readonly _socket?: NetSocket } };
}

/**
 * Makes what is said to a connection in one turn of the event loop leave in one write: each write is a call of the
 * system, which costs more than the frame in it. Engine.IO by itself writes the first frame at once, and the others
 * one by one when that has left.
 *
 * While a connection changes from polling to a WebSocket, or closes, nothing is put off.
 */
export const gatherFrames = (connection: RawConnection): void => {
  const engine = connection as unknown as Flushing;
  const flush = engine.flush.bind(engine);
  let isDue = false;
  const flushAll = (): void => {
    isDue = false;
    const raw = engine.transport.socket?._socket;
    raw?.cork();
    try {
      flush();
    } finally {
      raw?.uncork();
    }
  };
  engine.flush = () => {
    if (engine.transport.name !== 'websocket' || engine.readyState !== 'open') {
      flush();
    } else if (!isDue) {
      isDue = true;
      process.nextTick(flushAll);
    }
  };
};
