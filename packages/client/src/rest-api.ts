import { ChatError, toChatError } from './chat-error.js';
import type { ErrorBody } from './wire.types.js';

/** How long a request may take, in milliseconds. */
const ANSWER_TIMEOUT_MS = 10_000;

/** The body of an answer, as far as it is known to be the server's. */
type Answer<T> = { [K in keyof ErrorBody]?: unknown } & { success?: unknown; data?: T };

/** Calls the server's REST endpoints. */
export class RestApi {
  /** @param url base of the server, as in `https://chat.example.com`. */
  constructor(private readonly url: string) {}

  /** Answers `data`; rejects with a ChatError. */
  async request<T>(method: string, path: string, body: unknown, token?: string): Promise<T> {
    let response: Response;
    try {
      response = await fetch(new URL(path, this.url), {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
    } catch (error) {
      throw toChatError(error);
    }
    const answer = (await response.json().catch(() => undefined)) as Answer<T> | null | undefined;
    if (response.ok && isOfServer(answer)) return answer.data as T;
    throw new ChatError({
      code: typeof answer?.code === 'string' ? answer.code : codeOfStranger(response.status),
      message: typeof answer?.message === 'string' ? answer.message : `HTTP ${response.status}`,
      ...(typeof answer?.retryAfter === 'number' && { retryAfter: answer.retryAfter }),
      ...(typeof answer?.challenge === 'string' && { challenge: answer.challenge }),
    });
  }
}

/** Whether a success is the server's own, and not the one of whoever stands before it. */
const isOfServer = <T>(answer: Answer<T> | null | undefined): answer is Answer<T> =>
  answer?.success === true || answer?.data !== undefined;

/**
 * What an answer means that the server cannot have written, such as the page of a proxy or of a hotspot's
 * login: that the server was not reached, unless it would be as long for everybody.
 */
const codeOfStranger = (status: number): string =>
  status === 413 ? 'PAYLOAD_TOO_LARGE' : 'UNAVAILABLE';
