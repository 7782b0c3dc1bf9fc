import { parentPort, workerData } from 'node:worker_threads';
import { EmbeddedServer } from './server/embedded-server.js';
import type { ServerOptions, WorkerReport } from './worker-messages.types.js';

/** The thread in which the database lives. The main thread can ask it for one thing: to close. */
const port = parentPort!;
const report = (message: WorkerReport) => {
  port.postMessage(message);
};
const fail = (error: unknown) => {
  report({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
};

try {
  const server = await EmbeddedServer.start(workerData as ServerOptions, (level, message) => {
    report({ kind: 'log', level, message });
  });
  report({ kind: 'listening', uri: server.uri });
  port.once('message', () => {
    server
      .close()
      .then(() => {
        report({ kind: 'closed' });
      }, fail)
      .finally(() => {
        port.close();
      });
  });
} catch (error) {
  fail(error);
  port.close();
}
