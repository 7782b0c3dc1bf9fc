import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from './load.js';
import { startServices } from './own-services.js';
import type { Account } from './parley-target.js';
import { PARLEY, startParley } from './parley-target.js';
import { startServerProcess } from './server-process.js';
import { connect } from './target.js';

const ROUNDS = 20;
/** Between two messages to the chat that somebody is removed from, in milliseconds. */
const EVERY_MS = 20;
/** How long is listened after a removal or a logout, in milliseconds. */
const LISTEN_MS = 2000;

/**
 * Two nodes whose Redis is dead: how long after a removal, or a logout, on one of them has been answered
 * somebody still hears something on the other.
 */
export const bench = async (): Promise<void> => {
  const services = await startServices();
  const parley = await startParley(services.env);
  const other = await startServerProcess(PARLEY, parley.env);
  const removals: number[] = [];
  const logouts: number[] = [];
  try {
    const people = [];
    for (let i = 0; i < ROUNDS; i++) people.push(await parley.register());
    const owner = await parley.register();
    const talker = await parley.register();
    for (const person of [...people, talker]) await parley.openChat(owner, person);
    const { data: group } = await parley.api<{ data: { id: string } }>(
      'POST',
      '/api/chats',
      owner.token,
      { kind: 'group', name: 'Bench', memberIds: [...people, talker].map(({ id }) => id) },
    );
    await services.killRedis();
    const mouth = await parley.enter(talker, group.id, other.url);
    const lastHeard = async (person: Account, act: () => Promise<unknown>): Promise<number> => {
      const socket = await connect(other.url, { token: person.token, dialect: 'native' });
      await socket.emitWithAck('join_chat', { chatId: group.id });
      let last = 0;
      socket.on('message_received', () => (last = performance.now()));
      const talking = setInterval(() => {
        mouth.send('still there?').catch(() => undefined);
      }, EVERY_MS);
      await delay(200);
      await act();
      const answered = performance.now();
      await delay(LISTEN_MS);
      clearInterval(talking);
      socket.disconnect();
      return Math.max(0, last - answered);
    };
    for (const [i, person] of people.entries()) {
      if (i % 2 === 0) {
        const path = `/api/chats/${group.id}/members/${person.id}`;
        removals.push(await lastHeard(person, () => parley.api('DELETE', path, owner.token)));
      } else {
        const logout = () => parley.api('POST', '/api/auth/logout', person.token);
        logouts.push(await lastHeard(person, logout));
      }
    }
  } finally {
    await other.stop();
    await parley.stop();
    await services.stop();
  }
  for (const [name, times] of Object.entries({ removal: removals, logout: logouts })) {
    console.log(
      `${name}: last event after p50 ${percentile(times, 0.5).toFixed(0)} ms, at most ${Math.max(...times).toFixed(0)} ms (${times.length} times)`,
    );
  }
};
