/** What answers to broken input may look like. */
import { ERROR_STATUS } from '../../src/shared/errors.js';
import type { HttpAnswer } from './http-call.js';
import type { HttpInput } from './rest-inputs.js';

/** What a server that is too busy says, in good order. */
const BUSY = new Set(['UNAVAILABLE', 'OVERLOADED', 'TIMEOUT']);

/** Bytes of a refusal, and errors in it, whatever was sent. */
const MAX_REFUSAL = 65_536;
const MAX_ERRORS = 20;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** Holds answers against what was promised, and counts their kinds. */
export class Judge {
  /** Answers by status or code. */
  readonly counts: Record<string, number> = {};
  /** Refusals by code that mean "too busy". */
  readonly busy: Record<string, number> = {};
  /** Characters of the longest refusal. */
  longestRefusal = 0;
  /** What was wrong with events that belong to no input. */
  readonly strays: string[] = [];

  /** Says what is wrong with an answer over HTTP. */
  http(input: HttpInput, { status, headers, body }: HttpAnswer): string[] {
    this.count(String(status));
    const type = headers['content-type'] ?? '';
    const text = body.toString();
    let parsed: unknown;
    if (type.includes('jsonl')) {
      // JSON Lines: each line is a value of its own.
      const broken = text.split('\n').find((line) => line !== '' && !isJson(line));
      if (broken !== undefined)
        return [`a line of the answer is not JSON: ${broken.slice(0, 200)}`];
    } else if (type.includes('json') && input.method !== 'HEAD' && body.length > 0) {
      try {
        parsed = JSON.parse(text);
      } catch {
        return [`the answer is not JSON: ${text.slice(0, 200)}`];
      }
    }
    if (status < 400) return [];
    // Headers that are too long are refused before there is a request.
    if (status === 431) return [];
    const isEngine = input.path.startsWith('/socket.io');
    if (isEngine || input.method === 'HEAD') return status < 500 ? [] : [`${status} ${text}`];
    if (!isObject(parsed)) return [`${status} without an error in JSON: ${text.slice(0, 200)}`];
    const problems = this.error(parsed, status);
    if (parsed.success !== false || typeof parsed.requestId !== 'string') {
      problems.push(`${status} in another shape than the project's: ${text.slice(0, 200)}`);
    }
    return problems;
  }

  /** Says what is wrong with what came back for bytes that need not be HTTP. */
  bytes(heard: string): string[] {
    const statuses = [...heard.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => status!);
    for (const status of statuses) this.count(`bytes ${status}`);
    return statuses.some((status) => status >= '500') ? [heard.slice(0, 500)] : [];
  }

  /** Says what is wrong with a command's answer. */
  ack(ack: unknown): string[] {
    if (!isObject(ack)) return [`not an answer: ${JSON.stringify(ack)}`];
    if (ack.ok === true) {
      this.count('ok');
      return [];
    }
    if (ack.ok !== false || !isObject(ack.error)) return [`not an answer: ${JSON.stringify(ack)}`];
    this.count(String(ack.error.code));
    return this.error(ack.error);
  }

  /** Looks at an `error` event. */
  event(body: unknown): void {
    this.strays.push(...this.error(isObject(body) ? body : { code: JSON.stringify(body) }));
  }

  /** Says what is wrong with a packet of Socket.IO: an answer, a refused handshake, an `error` event. */
  packet(message: string): string[] {
    const [, type, json] = /^4([234])(?:\/[^,]*,)?\d*(.*)$/s.exec(message) ?? [];
    if (json === undefined) return [];
    const content = JSON.parse(json) as unknown;
    if (type === '3')
      return Array.isArray(content) ? this.ack(content[0]) : ['an answer without one'];
    if (type === '4') return this.refusal(content);
    if (Array.isArray(content) && content[0] === 'error') this.event(content[1]);
    return [];
  }

  private refusal(content: unknown): string[] {
    // Socket.IO itself refuses a namespace that is not there, without a code.
    if (isObject(content) && content.data === undefined) return [];
    return isObject(content) && isObject(content.data)
      ? this.error(content.data)
      : [`a refusal without a code: ${JSON.stringify(content)}`];
  }

  private error(error: Record<string, unknown>, given?: number): string[] {
    const { length } = JSON.stringify(error);
    this.longestRefusal = Math.max(this.longestRefusal, length);
    const { errors } = error;
    const tooLong = [
      ...(length > MAX_REFUSAL ? [`a refusal of ${length} characters`] : []),
      ...(Array.isArray(errors) && errors.length > MAX_ERRORS ? [`${errors.length} errors`] : []),
    ];
    return [...tooLong, ...this.codeOf(error, given)];
  }

  private codeOf({ code, message }: Record<string, unknown>, given?: number): string[] {
    const status = ERROR_STATUS[code as keyof typeof ERROR_STATUS] as number | undefined;
    if (status === undefined || !Object.hasOwn(ERROR_STATUS, String(code))) {
      return [`an error without a published code: ${String(code)}`];
    }
    if (given !== undefined && given !== status)
      return [`${String(code)} with the status ${given}`];
    if (typeof message !== 'string') return [`${String(code)} without a message`];
    if (status < 500) return [];
    if (!BUSY.has(String(code))) return [`${status} ${String(code)}: ${message}`];
    this.busy[String(code)] = (this.busy[String(code)] ?? 0) + 1;
    return [];
  }

  private count(kind: string): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }
}
