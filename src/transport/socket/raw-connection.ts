import type { IncomingMessage } from 'node:http';

/** A connection below the socket: what transports packets, before anybody has said who they are. */
export interface RawConnection {
  /** Its first request. */
  readonly request: IncomingMessage;
  readonly readyState: string;
  once(event: 'close', listener: () => void): unknown;
}

/** Whether the connection is still open. */
export const isOpen = ({ readyState }: RawConnection): boolean => readyState !== 'closed';

/** Runs something when the connection is closed: at once when it is, because it says so only once. */
export const whenClosed = (connection: RawConnection, run: () => void): void => {
  if (isOpen(connection)) connection.once('close', run);
  else run();
};
