import { ChatError, toChatError } from './chat-error.js';
import type { Timers } from './timers.js';
import { systemTimers, within } from './timers.js';
import type { ErrorBody } from './wire.types.js';

/** How long a request may take, in milliseconds. */
export const ANSWER_TIMEOUT_MS = 10_000;

/** A page of a list, and how to go on. */
export interface Page<T> {
  data: T;
  pagination?: { page: number; limit: number; total: number; hasMore: boolean };
  hasMore?: boolean;
}

/** The body of an answer, as far as it is known to be the server's. */
type Answer<T> = Partial<Record<keyof ErrorBody, unknown>> & { success?: unknown } & Partial<
    Page<T>
  >;

/** Calls the server's REST endpoints. */
export class RestApi {
  /** @param url base of the server, as in `https://chat.example.com`. */
  constructor(
    private readonly url: string,
    private readonly timers: Timers = systemTimers,
  ) {}

  /** Answers `data`; rejects with a ChatError, at the latest after 10 s. */
  async request<T>(method: string, path: string, body: unknown, token?: string): Promise<T> {
    return (await this.page<T>(method, path, body, token)).data;
  }

  /** The same, with what stands beside `data`. */
  async page<T>(method: string, path: string, body: unknown, token?: string): Promise<Page<T>> {
    const abort = new AbortController();
    const call = this.call<T>(method, path, body, token, abort.signal);
    try {
      return await within(this.timers, ANSWER_TIMEOUT_MS, call, `No answer to ${method} ${path}`);
    } finally {
      abort.abort();
    }
  }

  private async call<T>(
    method: string,
    path: string,
    body: unknown,
    token: string | undefined,
    signal: AbortSignal,
  ): Promise<Page<T>> {
    // A form says what it is by itself.
    const isJson =
      body !== undefined && !(typeof FormData === 'function' && body instanceof FormData);
    let response: Response;
    try {
      response = await fetch(originOf(this.url) + path, {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(isJson && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: isJson ? JSON.stringify(body) : (body as FormData) }),
        signal,
      });
    } catch (error) {
      throw toChatError(error);
    }
    const answer = (await response.json().catch(() => undefined)) as Answer<T> | null | undefined;
    if (response.ok && isOfServer(answer)) return answer as Page<T>;
    throw refusalOf(response.status, answer);
  }
}

/**
 * Scheme, host and port of an address; '' for a page's own. Read by hand: React Native's `URL` knows only a part
 * of it.
 */
export const originOf = (url: string): string => /^[\w+.-]+:\/\/[^/?#]+/.exec(url)?.[0] ?? '';

/** Why the server, or whoever stands before it, has refused a request. */
export const refusalOf = (status: number, answer: Answer<unknown> | null | undefined): ChatError =>
  typeof answer?.code === 'string'
    ? new ChatError({
        message: `HTTP ${status}`,
        ...answer,
        retryAfter: typeof answer.retryAfter === 'number' ? answer.retryAfter : undefined,
      } as ErrorBody)
    : new ChatError({ code: codeOfStranger(status), message: `HTTP ${status}` });

/** Whether a success is the server's own, and not the one of whoever stands before it. */
const isOfServer = <T>(answer: Answer<T> | null | undefined): answer is Answer<T> =>
  answer?.success === true || answer?.data !== undefined;

/**
 * What an answer means that the server cannot have written, such as the page of a proxy or of a hotspot's
 * login: that the server was not reached, unless it would be as long for everybody.
 */
const codeOfStranger = (status: number): string =>
  status === 413 ? 'PAYLOAD_TOO_LARGE' : 'UNAVAILABLE';
