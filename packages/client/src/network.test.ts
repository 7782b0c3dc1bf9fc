import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, expect, it, jest } from '@jest/globals';
import { ChatClient } from './chat-client.js';

const network = new EventTarget();
const window = globalThis as Partial<Pick<EventTarget, 'addEventListener' | 'removeEventListener'>>;

afterEach(() => {
  delete window.addEventListener;
  delete window.removeEventListener;
});

it('connects again at once when the browser has a network again, though an attempt still hangs', async () => {
  window.addEventListener = network.addEventListener.bind(network);
  const removeListener = jest.fn(network.removeEventListener.bind(network));
  window.removeEventListener = removeListener;
  // Takes connections and never answers, as an address without a way to it.
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new ChatClient(`http://127.0.0.1:${port}`, 'a token');
  const connected = client.connect();
  connected.catch(() => undefined);
  await once(server, 'connection');

  const next = once(server, 'connection');
  network.dispatchEvent(new Event('online'));
  await next;

  client.disconnect();
  await expect(connected).rejects.toMatchObject({ code: 'DISCONNECTED' });
  expect(removeListener).toHaveBeenCalledTimes(1);
  server.close();
});
