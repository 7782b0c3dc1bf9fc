import type { OperationExample } from '../../src/transport/http/operation-notes.js';
import type { Step } from './step.js';

/** A request of the collection as it was sent, and what the server answered. */
export interface Exchange {
  step: Step;
  /** Path as it was sent. */
  path: string;
  query: Record<string, string>;
  body?: Record<string, unknown>;
  fields?: Record<string, string>;
  status: number;
  /** The parsed JSON; undefined for other content. */
  answer: unknown;
}

/** Members whose values are secrets, or differ in every run. */
const STAND_INS: Record<string, unknown> = {
  refreshToken: 'refresh-token',
  deviceToken: 'device-token',
  challenge: 'challenge-of-the-login',
  key: 'parley_sk_example',
  signature: 'signature',
  requestId: 'request-id',
  secret: 'JBSWY3DPEHPK3PXP',
  uri: 'otpauth://totp/Parley:ada?secret=JBSWY3DPEHPK3PXP&issuer=Parley',
  recoveryCodes: ['3f9a-17c2', '8b40-d5e6'],
  ip: '203.0.113.7',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  device: 'Firefox on Linux',
  ms: 12,
};
/** Of lists of things an example shows so many. */
const MAX_THINGS = 2;

/** Puts lasting values in the place of what differs between runs; the same one for the same value. */
class Normaliser {
  private readonly ids = new Map<string, string>();

  constructor(private readonly run: string) {}

  value(value: unknown, key = ''): unknown {
    if (value === null || typeof value === 'boolean') return value;
    if (key in STAND_INS) return STAND_INS[key];
    if (typeof value === 'string') return this.text(value, key);
    if (Array.isArray(value)) {
      const isOfThings = typeof value[0] === 'object';
      return (isOfThings ? value.slice(0, MAX_THINGS) : value).map((part) => this.value(part, key));
    }
    if (typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [
        this.text(name, ''),
        this.value(member, name),
      ]),
    );
  }

  private text(text: string, key: string): string {
    if (/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return 'access-token';
    if (/[aA]t$/.test(key) && /^\d{4}-\d\d-\d\dT/.test(text)) return '2026-01-15T09:30:00.000Z';
    if (key === 'token' && /^[\w-]{16,}$/.test(text) && !/^from-/.test(text)) return 'upload-token';
    return text
      .replaceAll(`_${this.run}`, '')
      .replaceAll(`-${this.run}`, '-42')
      .replaceAll(this.run, '')
      .replaceAll(/\b[0-9a-f]{24}\b/g, (id) => this.idFor(id))
      .replaceAll(
        /\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g,
        '5f0c7d1e-3a44-4f0a-9d57-0a2b6f0c1d2e',
      )
      .replaceAll(/([?&](?:s|signature)=)[\w-]+/g, '$1signature')
      .replaceAll(/([?&]token=)[\w-]+/g, '$1upload-token');
  }

  private idFor(id: string): string {
    const known = this.ids.get(id);
    if (known !== undefined) return known;
    const made = `665f1c2e9b1e8a3d4c${(this.ids.size + 1).toString(16).padStart(6, '0')}`;
    this.ids.set(id, made);
    return made;
  }
}

const paramsOf = ({ step, path }: Exchange): Record<string, string> => {
  const values = path.split('/');
  const names = step.call.split(' ')[1]!.split('/');
  return Object.fromEntries(
    names.flatMap((name, at) => (name.startsWith(':') ? [[name.slice(1), values[at]!]] : [])),
  );
};

const unlessEmpty = <K extends string, V extends object>(key: K, value: V | undefined) =>
  value && Object.keys(value).length > 0 ? { [key]: value } : {};

/**
 * Examples of operations, from a run of the collection. The first request of an operation that succeeds is its
 * example. One that nothing here can make succeed keeps the answer that it had.
 *
 * @param run the value of the variable `run`, which is taken out again.
 */
export const recordExamples = (
  exchanges: Exchange[],
  run: string,
  former: Record<string, OperationExample>,
): Record<string, OperationExample> => {
  const normaliser = new Normaliser(run);
  const examples: Record<string, OperationExample> = {};
  for (const exchange of exchanges) {
    const { step, query, body, fields, status, answer } = exchange;
    if (examples[step.call]) continue;
    const isFailure = step.code !== undefined;
    if (isFailure && exchanges.some(({ step: other }) => other.call === step.call && !other.code)) {
      continue;
    }
    const before = former[step.call];
    const request = {
      ...unlessEmpty('params', paramsOf(exchange)),
      ...unlessEmpty('query', query),
      ...unlessEmpty('body', body),
      ...unlessEmpty('fields', fields),
      ...unlessEmpty('files', step.files),
    };
    examples[step.call] = {
      ...(normaliser.value(request) as object),
      status: isFailure ? (before?.status ?? 200) : status,
      ...(isFailure
        ? { refusedAs: step.code, answer: before?.answer }
        : answer !== undefined && { answer: normaliser.value(answer) }),
    };
  }
  return examples;
};
