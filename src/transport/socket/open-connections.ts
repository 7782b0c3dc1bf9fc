import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Every TCP connection of a server. One whose other end does not answer, or has sent half a request, would
 * keep the server from closing for half a minute; those that were upgraded to a websocket, the server
 * itself no longer knows.
 */
export class OpenConnections {
  private readonly open = new Set<Socket>();

  constructor(httpServer: HttpServer) {
    httpServer.on('connection', (connection: Socket) => {
      this.open.add(connection);
      connection.once('close', () => this.open.delete(connection));
    });
  }

  /** Cuts those that are left. */
  cut(): void {
    for (const connection of this.open) connection.destroy();
  }
}
