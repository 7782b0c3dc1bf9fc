import { ChatError } from '../src/chat-error.js';
import type { OutgoingMessage } from '../src/outbox.js';
import { Outbox } from '../src/outbox.js';
import type { KeyValueStorage, WebStorage } from '../src/storage.js';
import { MemoryStorage } from '../src/storage.js';
import { CHAT, message } from './client-fixtures.js';
import { FakeTimers } from './fake-timers.js';

/** The server's or the connection's no; `retryAfter` in seconds. */
export const refusal = (code: string, retryAfter?: number) =>
  new ChatError({ code, message: code, ...(retryAfter !== undefined && { retryAfter }) });
/** A message whose text is its id. */
export const outgoing = (clientMessageId: string, chatId = CHAT): OutgoingMessage => ({
  chatId,
  clientMessageId,
  content: clientMessageId,
});

/**
 * An outbox whose sends fail as `failures` says, first to last, and then succeed; each takes as long as
 * `answers` says.
 */
export const openOutbox = (
  storage: KeyValueStorage = new MemoryStorage(),
  account = 'me',
  limit = 1000,
) => {
  const timers = new FakeTimers();
  const tried: string[] = [];
  const sent: string[] = [];
  const failed: string[] = [];
  /** What is shown as pending by whoever is told that a message is sent, or never will be. */
  const shown: string[][] = [];
  const failures: ChatError[] = [];
  const answers: Promise<void>[] = [];
  const outbox = new Outbox({
    account,
    storage,
    timers,
    limit,
    send: async ({ clientMessageId }) => {
      tried.push(clientMessageId);
      await answers.shift();
      const failure = failures.shift();
      if (failure) throw failure;
      return message(tried.length, { clientMessageId });
    },
    onSent: ({ clientMessageId }) => {
      sent.push(clientMessageId!);
      shown.push(pending());
    },
    onFailed: ({ clientMessageId }) => {
      failed.push(clientMessageId);
      shown.push(pending());
    },
  });
  const pending = () => outbox.pending().map(({ clientMessageId }) => clientMessageId);
  return { timers, tried, sent, failed, shown, failures, answers, outbox };
};

/** The browser's localStorage, as far as it matters. */
export const webStorage = (values = new Map<string, string>()): WebStorage => ({
  get length() {
    return values.size;
  },
  key: (index) => [...values.keys()][index] ?? null,
  getItem: (key) => values.get(key) ?? null,
  setItem: (key, value) => void values.set(key, value),
  removeItem: (key) => void values.delete(key),
});
