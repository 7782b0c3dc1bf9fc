import { percentile } from './load.js';
import { startParley } from './parley-target.js';
import { startRelay } from './relay-target.js';
import { printFigures } from './report.js';

const MESSAGES = 200;
const PAGE = 50;
const ROUNDS = 3;
const SECONDS = 4;
const CONCURRENCY = 10;

/** Asks again and again, several at a time; gives requests per second and their times. */
const measure = async (url: string, headers: Record<string, string>) => {
  const times: number[] = [];
  const start = performance.now();
  const end = start + SECONDS * 1000;
  const client = async () => {
    while (performance.now() < end) {
      const asked = performance.now();
      const res = await fetch(url, { headers });
      await res.arrayBuffer();
      if (!res.ok) throw new Error(`${url}: ${res.status}`);
      times.push(performance.now() - asked);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, client));
  const seconds = (performance.now() - start) / 1000;
  return { perSecond: times.length / seconds, p99: percentile(times, 0.99) };
};

/** The newest page of a chat, beside Express answering the very same JSON from memory. */
export const bench = async (): Promise<void> => {
  const [relay, parley] = [await startRelay(), await startParley()];
  type Result = Awaited<ReturnType<typeof measure>>;
  const results: { relay: Result[]; parley: Result[] } = { relay: [], parley: [] };
  try {
    const people = [await parley.register(), await parley.register()] as const;
    const chatId = await parley.openChat(...people);
    const { token } = people[0];
    for (let n = 0; n < MESSAGES; n++) {
      const content = `message ${n}, of about one hundred characters as people write them, give or take a few`;
      await parley.api('POST', '/api/messages', token, { chatId, content });
    }
    const path = `/api/chats/${chatId}/messages?limit=${PAGE}`;
    const page = await parley.api<{ data: unknown[] }>('GET', path, token);
    const bytes = Buffer.byteLength(JSON.stringify(page));
    await fetch(`${relay.server.url}/page`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(page),
    });
    const headers = { authorization: `Bearer ${token}` };
    for (let round = 0; round < ROUNDS; round++) {
      results.relay.push(await measure(`${relay.server.url}/page`, {}));
      results.parley.push(await measure(parley.server.url + path, headers));
    }
    console.log(`\na page of ${page.data.length} messages, ${bytes} bytes, ${ROUNDS} rounds each`);
  } finally {
    await relay.stop();
    await parley.stop();
  }
  printFigures([
    {
      name: 'pages',
      unit: '1/s',
      relay: results.relay.map((result) => result.perSecond),
      parley: results.parley.map((result) => result.perSecond),
    },
    {
      name: 'p99',
      unit: 'ms',
      relay: results.relay.map((result) => result.p99),
      parley: results.parley.map((result) => result.p99),
    },
  ]);
};
