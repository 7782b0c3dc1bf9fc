/** A server that refuses what a test says, and clocks, for tests of the client alone. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServerOptions } from 'socket.io';
import { Server } from 'socket.io';
import type { Timers } from '@parley-chat/client';

/** Why a handshake, a request or a command is refused; undefined when it is not. */
export type Refusal = { code: string; retryAfter?: number } | undefined;

type Answer = (token: string | undefined) => Refusal | Promise<Refusal>;

/**
 * A server that is asked at each handshake and each request whether it refuses the token, and that
 * exchanges every refresh token for `token 1`, `token 2` and so on unless told. There are no chats.
 */
export const startRefusingServer = async (parts: {
  handshake: Answer;
  request?: (token: string | undefined, path: string) => Refusal | Promise<Refusal>;
  refresh?: () => Refusal | Promise<Refusal>;
  /** Called with each `join_chat`; a promise that does not resolve leaves it without an answer. */
  join?: (chatId: string) => Refusal | Promise<Refusal>;
  options?: Partial<ServerOptions>;
}) => {
  let refreshes = 0;
  const serve = async (req: IncomingMessage, res: ServerResponse) => {
    const isRefresh = req.url === '/api/auth/refresh';
    const token = req.headers.authorization?.replace('Bearer ', '');
    if (isRefresh) refreshes += 1;
    const refusal = await (isRefresh ? parts.refresh?.() : parts.request?.(token, req.url!));
    const data = isRefresh ? { token: `token ${refreshes}`, refreshToken: 'next' } : { id: token };
    res.statusCode = refusal ? 401 : 200;
    res.end(JSON.stringify(refusal ? { ...refusal, message: 'no' } : { data }));
  };
  const http = createServer((req, res) => void serve(req, res));
  const io = new Server(http, parts.options);
  const offered: string[] = [];
  io.use((socket, next) => {
    const { token } = socket.handshake.auth as { token: string };
    offered.push(token);
    void Promise.resolve(parts.handshake(token)).then((refusal) => {
      next(refusal && Object.assign(new Error('no'), { data: { ...refusal, message: 'no' } }));
    });
  });
  io.on('connection', (socket) => {
    socket.on('sync', (_: unknown, answer: (ack: unknown) => void) => {
      answer({ ok: true, data: { chats: [], removed: [], hasMore: false } });
    });
    socket.on('join_chat', ({ chatId }: { chatId: string }, answer: (ack: unknown) => void) => {
      void Promise.resolve(parts.join?.(chatId)).then((refusal) => {
        answer(
          refusal
            ? { ok: false, error: { ...refusal, message: 'no' } }
            : { ok: true, data: { chatId } },
        );
      });
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return { url, io, offered, refreshes: () => refreshes, close: () => io.close() };
};

/** A limit, for what is usually there in time: real time, on which no test waits. */
const limit = (ms: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, ms).unref();
  return () => {
    clearTimeout(timer);
  };
};

/** Time that passes at once, but for limits; `waits` says how long each pause would have been. */
export const hurried = () => {
  const waits: number[] = [];
  const timers: Timers = {
    now: () => 0,
    random: () => 1,
    after: (ms, run, isIdle) => {
      if (isIdle) return limit(ms, run);
      waits.push(ms);
      const timer = setImmediate(run);
      return () => {
        clearImmediate(timer);
      };
    },
  };
  return { waits, timers };
};

/** Time that does not pass, but for limits; `due` is what waits for it to pass. */
export const frozenTime = () => {
  const due = new Set<() => void>();
  const timers: Timers = {
    now: () => 0,
    random: () => 1,
    after: (ms, run, isIdle) => {
      if (isIdle) return limit(ms, run);
      const entry = () => {
        run();
      };
      due.add(entry);
      return () => {
        due.delete(entry);
      };
    },
  };
  return { due, timers };
};
