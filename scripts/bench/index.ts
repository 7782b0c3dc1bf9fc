/**
 * `npm run bench -- <name>`: measures Parley (from `dist`) side by side with a bare Socket.IO relay, in
 * the same run, turn by turn, and prints the ratios. Parley stores on the embedded database, or on
 * `MONGODB_URI`. Linux only: processor time and memory are read from /proc.
 */
const BENCHES: Record<string, () => Promise<{ bench: () => Promise<void> }>> = {
  commands: () => import('./commands.js'),
  send: () => import('./send.js'),
  fanout: () => import('./fanout.js'),
  idle: () => import('./idle.js'),
  reconnect: () => import('./reconnect.js'),
  history: () => import('./history.js'),
  dialects: () => import('./dialects.js'),
  embedded: () => import('./embedded.js'),
  search: () => import('./search.js'),
  redis: () => import('./redis.js'),
  'slow-database': () => import('./slow-database.js'),
  stalled: () => import('./stalled.js'),
  soak: () => import('./soak.js'),
  nodes: () => import('./nodes.js'),
  'access-changes': () => import('./access-changes.js'),
  unread: () => import('./unread.js'),
};

const name = process.argv[2] ?? '';
const load = BENCHES[name];
if (load) {
  const { bench } = await load();
  console.log(`Parley on ${process.env.MONGODB_URI ? 'MONGODB_URI' : 'the embedded database'}`);
  await bench();
} else {
  console.error(`npm run bench -- ${Object.keys(BENCHES).join(' | ')}`);
  process.exitCode = 1;
}
