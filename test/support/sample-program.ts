/** What the sample programs of the documents are made of, without their frameworks. */
import type { Socket } from 'socket.io-client';
import { io } from 'socket.io-client';
import { ADMIN_ENV } from './admin.js';

/** Turns off what tests set for their own sake: all limits are as they come. */
export const DEFAULT_ENV = {
  ...ADMIN_ENV,
  RATE_LIMIT_MESSAGES_PER_MINUTE: '',
  RATE_LIMIT_CONVERSATIONS_PER_HOUR: '',
  RATE_LIMIT_GENERAL_PER_15_MIN: '',
  RATE_LIMIT_USER_PER_15_MIN: '',
  RATE_LIMIT_AUTH_PER_15_MIN: '',
  RATE_LIMIT_REGISTER_PER_HOUR: '',
  RATE_LIMIT_LOGIN_FAILURES_PER_HOUR: '',
  RATE_LIMIT_EVENTS_PER_SECOND: '',
};

/** State as a component keeps it; `until` resolves when it has become something. */
export class State<T> {
  private readonly waiting = new Set<() => void>();

  constructor(public value: T) {}

  readonly set = (next: T | ((previous: T) => T)): void => {
    this.value = typeof next === 'function' ? (next as (previous: T) => T)(this.value) : next;
    const woken = [...this.waiting];
    this.waiting.clear();
    for (const wake of woken) wake();
  };

  async until(holds: (value: T) => boolean): Promise<T> {
    while (!holds(this.value)) {
      await new Promise<void>((resolve) => {
        this.waiting.add(resolve);
      });
    }
    return this.value;
  }
}

/** A console whose lines a test can wait for. */
export class Console extends State<string[]> {
  constructor() {
    super([]);
  }

  readonly log = (...words: unknown[]): void => {
    this.set((lines) => [...lines, words.join(' ')]);
  };

  /** Waits for a line; answers everything that was written by then. */
  line(text: string): Promise<string[]> {
    return this.until((lines) => lines.includes(text));
  }
}

/** The sockets of sample programs: they connect with a token, and declare nothing. */
export class SampleSockets {
  private readonly sockets: Socket[] = [];

  constructor(private readonly url: () => string) {}

  connect(token: string, options: object = {}): Promise<Socket> {
    const socket = io(this.url(), { auth: { token }, forceNew: true, ...options });
    this.sockets.push(socket);
    return new Promise((resolve, reject) => {
      socket.on('connect', () => {
        resolve(socket);
      });
      socket.on('connect_error', reject);
    });
  }

  closeAll(): void {
    for (const socket of this.sockets.splice(0)) socket.close();
  }
}
