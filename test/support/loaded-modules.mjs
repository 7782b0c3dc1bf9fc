/** Preloaded into a process: answers `modules` over the IPC channel with the paths of all modules loaded so far. */
import { createRequire, register } from 'node:module';
import { MessageChannel } from 'node:worker_threads';

const loaded = new Set();
const { port1, port2 } = new MessageChannel();
port1.on('message', (url) => loaded.add(url));
port1.unref();

const HOOKS = `
let port;
export const initialize = (data) => { port = data.port; };
export const load = (url, context, next) => { port.postMessage(url); return next(url, context); };
`;
register(`data:text/javascript,${encodeURIComponent(HOOKS)}`, {
  data: { port: port2 },
  transferList: [port2],
});

process.on('message', (question) => {
  if (question !== 'modules') return;
  // CommonJS modules that others of their kind have loaded pass no hook.
  const { cache } = createRequire(import.meta.url);
  const required = Object.keys(cache).map((path) => `file://${path}`);
  process.send([...new Set([...loaded, ...required])]);
});
