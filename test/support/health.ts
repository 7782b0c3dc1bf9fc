import { eventually } from './eventually.js';
import type { TestServer } from './server.js';

/** What a node says of itself. */
export const healthOf = async (server: TestServer): Promise<string> => {
  const health = await server.http.get('/health').expect(200);
  return (health.body as { status: string }).status;
};

/**
 * Waits until a node says so of itself. `ok` means that it has reached its Redis, too: until then it counts,
 * and tells what happens, for itself.
 */
export const untilHealth = (server: TestServer, status: 'ok' | 'degraded'): Promise<void> =>
  eventually(async () => (await healthOf(server)) === status);
