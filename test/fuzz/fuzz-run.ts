import { inspect } from 'node:util';
import type { Surface } from '../../scripts/api-documentation.js';
import { Random } from '../support/random.js';
import { registerUser } from '../support/server.js';
import type { Delays } from './bystander.js';
import { Bystander } from './bystander.js';
import type { Round } from './fuzz-world.js';
import { FuzzServer, Witnesses, prepareRound } from './fuzz-world.js';
import { HttpCaller, sendBytes } from './http-call.js';
import { Judge } from './judge.js';
import { restInput } from './rest-inputs.js';
import type { BytesInput, HttpInput } from './rest-inputs.js';
import { SocketCaller, sendFrames, tryHandshake } from './socket-call.js';
import { socketInput } from './socket-inputs.js';
import type { CommandInput, FramesInput, HandshakeInput } from './socket-inputs.js';

/** What to throw, and how much of it. */
export interface FuzzOptions {
  seed: number;
  count: number;
  /** Every route and command; each gets inputs in turn. */
  surface: Surface;
  /** Ends the run earlier, after so many minutes. */
  minutes?: number;
  /** Leaves the other side alone. */
  only?: 'rest' | 'socket' | undefined;
  /** Milliseconds that 99.9 % of somebody else's requests may wait at most, and the server's event loop. */
  maxDelayMs?: number;
  /** Settings of the server; they win. */
  env?: Record<string, string>;
  /** The number of the first input, to come to a later one sooner. */
  start?: number;
  log?(line: string): void;
}

/** What a run has shown. */
export interface FuzzReport {
  seed: number;
  inputs: number;
  /** Inputs by kind. */
  kinds: Record<string, number>;
  /** Answers by status (REST) or code (sockets). */
  answers: Record<string, number>;
  /** Answers that meant "too busy", by code. */
  busy: Record<string, number>;
  /** Routes and commands that got no input. */
  untouched: string[];
  exitCode: number | null;
  /** Characters of the longest refusal. */
  longestRefusal: number;
  /** What somebody else's requests have waited meanwhile; undefined when the process has ended. */
  bystander: Delays | undefined;
  /** How late the server's event loop was. */
  eventLoop: Delays | undefined;
  /** Broken promises, with the inputs that broke them; empty is good. */
  violations: string[];
}

type Input = HttpInput | BytesInput | CommandInput | HandshakeInput | FramesInput;

const IN_FLIGHT = 20;
/** After so many inputs new people come, with chats in which not everything has been done already. */
const ROUND_INPUTS = 10_000;
/** A run with so many violations has shown enough. */
const ENOUGH = 50;
/** A body of such a length may be refused, and the connection closed, while it is still being sent. */
const LONG_BODY = 100_000;
const SHOWN_CHARACTERS = 1500;

const shown = (input: Input): string =>
  inspect(input, { depth: 12, maxStringLength: 600, maxArrayLength: 60, breakLength: 160 }).slice(
    0,
    SHOWN_CHARACTERS,
  );

/** The input of a number: the same for the same seed, whatever came before. */
const makeInput = (index: number, { seed, only }: FuzzOptions, round: Round): Input => {
  const random = new Random((seed ^ Math.imul(index + 1, 0x9e3779b1)) | 0);
  random.next();
  const { routes, commands } = round;
  const total = (only === 'socket' ? 0 : routes.length) + (only === 'rest' ? 0 : commands.length);
  const turn = index % total;
  return only !== 'socket' && turn < routes.length
    ? restInput(random, round, routes[turn]!)
    : socketInput(random, round, commands[only === 'socket' ? turn : turn - routes.length]!);
};

/** Throws broken input at a server of its own, and says what that has done to it. */
export const runFuzz = async (options: FuzzOptions): Promise<FuzzReport> => {
  const { seed, count, surface, start = 0, maxDelayMs = Infinity, log } = options;
  const server = await FuzzServer.start(options.env);
  const target = server.asTestServer();
  const endsAt = performance.now() + (options.minutes ?? Infinity) * 60_000;
  const goesOn = () => server.isAlive && violations.length < ENOUGH && performance.now() < endsAt;
  const judge = new Judge();
  const http = new HttpCaller(server.url);
  const violations: string[] = [];
  const kinds: Record<string, number> = {};
  const touched = new Set<string>();
  let exitCode: number | null;
  let inputs = 0;
  let bystander: Bystander | undefined;
  let delays: { bystander?: Delays; eventLoop?: Delays } = {};
  try {
    const witnesses = await Witnesses.settle(target);
    const before = await witnesses.snapshot();

    const perform = async (input: Input, sockets: SocketCaller): Promise<string[]> => {
      switch (input.kind) {
        case 'http': {
          const answer = await http.call(input);
          if (!('ended' in answer)) return judge.http(input, answer);
          return input.hangsUp || (input.body?.length ?? 0) > LONG_BODY ? [] : [answer.ended];
        }
        case 'bytes':
          return judge.bytes(await sendBytes(server.url, input));
        case 'command':
          return sockets.command(input);
        case 'handshake':
          return tryHandshake(target, input, judge);
        case 'frames':
          return sendFrames(target, input, judge);
      }
    };

    bystander = Bystander.start(target, await registerUser(target));
    const end = start + count;
    for (let first = start; first < end && goesOn(); first += ROUND_INPUTS) {
      const round = await prepareRound(target, server.mails, surface, witnesses);
      const sockets = new SocketCaller(target, judge);
      const last = Math.min(first + ROUND_INPUTS, end);
      let next = first;
      const worker = async () => {
        while (next < last && goesOn()) {
          const index = next;
          next += 1;
          const input = makeInput(index, options, round);
          touched.add(input.target);
          kinds[input.kind] = (kinds[input.kind] ?? 0) + 1;
          inputs += 1;
          const problems = await perform(input, sockets).catch((error: unknown) => [String(error)]);
          for (const problem of problems) {
            const violation = `seed ${seed}, input ${index}: ${problem}\n${shown(input)}`;
            violations.push(violation);
            // At once, so that it is known even when the run does not come to its end.
            log?.(violation);
          }
        }
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
      await sockets.close();
      if (!server.isAlive) break;
      for (const person of [...round.people, round.admin]) {
        const { status } = await target.http.get('/api/auth/me').set(person.auth);
        if (status !== 200) violations.push(`${person.username} was locked out: ${status}`);
      }
      log?.(`${inputs} inputs, ${violations.length} violations`);
    }

    if (server.isAlive) {
      delays = { bystander: await bystander.waits(), eventLoop: await server.loopDelays() };
      await witnesses.snapshot().then(
        (after) => {
          if (after !== before) violations.push(`a chat was harmed:\n${before}\n${after}`);
        },
        (error: unknown) => violations.push(`a chat can no longer be read: ${String(error)}`),
      );
      await witnesses.talk().catch((error: unknown) => {
        violations.push(`a send no longer works: ${String(error)}`);
      });
    } else violations.push(`the process has ended:\n${server.tail()}`);
  } catch (error) {
    // The preparations ask for what must work: what the server has said of it explains most.
    throw new Error(`the run could not go on:\n${server.tail()}`, { cause: error });
  } finally {
    http.close();
    await bystander?.stop();
    exitCode = await server.stop();
  }
  if (exitCode !== 0) violations.push(`the exit code is ${exitCode}`);
  for (const [whose, { p999 }] of Object.entries(delays)) {
    if (p999 > maxDelayMs) violations.push(`${whose}: 99.9 % within ${p999} ms, not ${maxDelayMs}`);
  }
  violations.push(...judge.strays.map((stray) => `an error event: ${stray}`));
  violations.push(...server.errors().map((line) => `the log says: ${line}`));
  const names = [
    ...(options.only === 'socket'
      ? []
      : surface.routes.map(({ method, path }) => `${method} ${path}`)),
    ...(options.only === 'rest'
      ? []
      : surface.commands.map(({ dialect, event }) => `${dialect} ${event}`)),
  ];
  return {
    seed,
    inputs,
    kinds,
    answers: judge.counts,
    busy: judge.busy,
    untouched: names.filter((name) => !touched.has(name)),
    exitCode,
    longestRefusal: judge.longestRefusal,
    bystander: delays.bystander,
    eventLoop: delays.eventLoop,
    violations,
  };
};
