import { describe, expect, it } from '@jest/globals';
import Joi from 'joi';
import { createLogger } from '../platform/logger.js';
import { createMetrics } from '../platform/metrics.js';
import { UserLimits } from '../platform/user-limits.js';
import { AppError } from '../shared/errors.js';
import { command } from './command.js';
import type { AckBody } from './on-command.js';
import { CommandDispatcher, MAX_IN_FLIGHT_IN_ALL } from './on-command.js';
import type { ParleySocket } from './socket-data.js';
import type { SocketDirectory } from './socket-directory.js';

type Listener = (event: string | number, ...args: unknown[]) => void;

/** A dispatcher with one command that ends when told to, and a way to send it from any number of sockets. */
const setUp = () => {
  const ends: (() => void)[] = [];
  const spoken = { dialect: 'native', isShared: true, schema: Joi.object({}) } as const;
  const busy = () => {
    throw new AppError('UNAVAILABLE', 'busy', { retryAfter: 2 });
  };
  const dispatcher = new CommandDispatcher({
    commands: [
      command({
        ...spoken,
        event: 'slow',
        summary: 'Ends when told to',
        handle: () =>
          new Promise((resolve) => {
            ends.push(() => {
              resolve({ data: 'done' });
            });
          }),
      }),
      command({
        ...spoken,
        event: 'signal',
        load: 'signals',
        summary: 'Given up under load',
        handle: () => Promise.resolve({ data: null }),
      }),
      command({
        ...spoken,
        event: 'work',
        load: 'work',
        summary: 'Given up under load',
        handle: () => Promise.resolve({ data: null }),
      }),
    ],
    directory: {} as SocketDirectory,
    logger: createLogger({ logLevel: 'silent', nodeEnv: 'test' }),
    metrics: createMetrics(),
    intake: { admit: busy, begin: () => () => undefined },
    limits: new UserLimits({} as never),
    timeoutMs: 60_000,
    eventsPerSecond: 0,
    requireMember: () => Promise.resolve(),
    onView: () => undefined,
  });
  const connect = () => {
    let listener: Listener = () => undefined;
    const emitted: unknown[][] = [];
    const socket = {
      data: { actor: { userId: 'u', role: 'user', sessionId: 's' } },
      onAny: (given: Listener) => {
        listener = given;
      },
      emit: (...args: unknown[]) => emitted.push(args),
    } as unknown as ParleySocket;
    dispatcher.attach(socket);
    const send = (event: string | number) =>
      new Promise<AckBody>((resolve) => {
        listener(event, {}, resolve);
      });
    const tell = (event: string) => {
      listener(event, {});
    };
    return { emitted, send, tell };
  };
  return { connect, ends };
};

const overloaded = { ok: false, error: { code: 'OVERLOADED', retryAfter: 1 } };

describe('commands under way', () => {
  it('are bounded per socket, and a command that ends makes room', async () => {
    const { connect, ends } = setUp();
    const [one, other] = [connect(), connect()];
    const first = one.send('slow');
    for (let i = 1; i < 200; i += 1) void one.send('slow');
    expect(await one.send('slow')).toMatchObject(overloaded);
    const elsewhere = other.send('slow');
    ends[0]!();
    expect(await first).toEqual({ ok: true, data: 'done' });
    await new Promise((resolve) => setImmediate(resolve));
    const next = one.send('slow');
    for (const end of ends) end();
    expect([await next, await elsewhere]).toMatchObject([{ ok: true }, { ok: true }]);
  });

  it('are bounded in all, however many sockets send them', async () => {
    const { connect, ends } = setUp();
    const accepted = [];
    while (accepted.length < MAX_IN_FLIGHT_IN_ALL) {
      const socket = connect();
      for (let i = 0; i < 200; i += 1) accepted.push(socket.send('slow'));
    }
    expect(await connect().send('slow')).toMatchObject(overloaded);
    for (const end of ends) end();
    expect((await Promise.all(accepted)).every(({ ok }) => ok)).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    const later = connect().send('slow');
    ends.at(-1)!();
    expect(await later).toMatchObject({ ok: true });
  });
});

describe('an event that is a number', () => {
  it('is unknown, as one with a name is', async () => {
    const { connect } = setUp();
    const error = { code: 'UNKNOWN_EVENT', message: 'Unknown event: 7' };
    expect(await connect().send(7)).toMatchObject({ ok: false, error });
  });
});

describe('what is given up under load', () => {
  it('is refused to who waits for an answer, and a signal is dropped without a packet', async () => {
    const { connect } = setUp();
    const { emitted, send, tell } = connect();
    const refusal = { ok: false, error: { code: 'UNAVAILABLE', retryAfter: 2 } };
    expect([await send('signal'), await send('work')]).toMatchObject([refusal, refusal]);
    emitted.length = 0;
    tell('signal');
    tell('work');
    await new Promise((resolve) => setImmediate(resolve));
    expect(emitted).toMatchObject([['error', { code: 'UNAVAILABLE', event: 'work' }]]);
  });
});
