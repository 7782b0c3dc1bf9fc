import type { Tokens } from '@parley-chat/client';

/** A login that all tabs of this browser share. */
export interface KeptLogin extends Tokens {
  /** Whose it is; undefined for a token that the host of the page gave. */
  userId?: string | undefined;
}

const KEY = 'parley:login';
const LOCK = 'parley-login';
/** How long a tab may take to renew the tokens for all, in milliseconds. */
const RENEWAL_MS = 10_000;

const parse = (text: string | null): KeptLogin | undefined => {
  try {
    const kept = JSON.parse(text ?? 'null') as KeptLogin | null;
    return typeof kept?.token === 'string' ? kept : undefined;
  } catch {
    return undefined;
  }
};

const read = (): KeptLogin | undefined => {
  try {
    return parse(localStorage.getItem(KEY));
  } catch {
    // A page that may not store anything has its login for as long as it is open.
    return undefined;
  }
};

const write = (login: KeptLogin | undefined): void => {
  try {
    if (login) localStorage.setItem(KEY, JSON.stringify(login));
    else localStorage.removeItem(KEY);
  } catch {
    // See read().
  }
};

/**
 * The token in the address, as a host gives it: `#token=…`. It is taken out of the address at once, so that nobody
 * reads it in the history, or copies it with a link.
 */
const takeFromAddress = (): KeptLogin | undefined => {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const token = parameters.get('token');
  if (token === null) return undefined;
  parameters.delete('token');
  const rest = parameters.toString();
  const { pathname, search } = location;
  history.replaceState(history.state, '', `${pathname}${search}${rest === '' ? '' : `#${rest}`}`);
  return token === '' ? undefined : { token };
};

/** The login of this browser: kept for the next start, and the same in all of its tabs. */
class LoginStore {
  private current: KeptLogin | undefined;
  private readonly listeners = new Set<() => void>();
  /** Lets the other tabs look at the tokens again. */
  private endRenewal: () => void = () => undefined;

  constructor() {
    const given = takeFromAddress();
    if (given) write(given);
    this.current = given ?? read();
    addEventListener('storage', ({ key, newValue }) => {
      if (key === KEY || key === null) this.followOtherTab(parse(newValue));
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getSnapshot = (): KeptLogin | undefined => this.current;

  /** Somebody has signed in here. */
  set(login: KeptLogin): void {
    write(login);
    this.tell(login);
  }

  /** The tokens of the login were renewed by this tab: nothing else changes. */
  renewed(tokens: Tokens): void {
    if (!this.current) return;
    // The same object, so that no screen begins anew.
    Object.assign(this.current, tokens);
    write(this.current);
    this.endRenewal();
  }

  /** Nobody is signed in any more, in no tab. */
  clear(): void {
    this.endRenewal();
    write(undefined);
    this.tell(undefined);
  }

  /**
   * What the client asks before it renews the tokens: whether another tab has done so. One tab at a time gets an
   * answer, and the next one when the first has renewed them, has given up, or has taken too long.
   */
  readonly kept = (): Promise<Tokens | undefined> => {
    const { locks } = navigator as { locks?: LockManager };
    // Only in secure contexts; the server forgives two tabs that renew within the same minute.
    if (!locks) return Promise.resolve(read());
    return new Promise((resolve) => {
      void locks.request(LOCK, async () => {
        const kept = read();
        resolve(kept);
        if (!kept || kept.token !== this.current?.token) return;
        await new Promise<void>((end) => {
          this.endRenewal = end;
          setTimeout(end, RENEWAL_MS);
        });
      });
    });
  };

  private followOtherTab(login: KeptLogin | undefined): void {
    const isSame = login && this.current && login.userId === this.current.userId;
    if (isSame) Object.assign(this.current!, login);
    else this.tell(login);
  }

  private tell(login: KeptLogin | undefined): void {
    this.current = login;
    for (const listener of this.listeners) listener();
  }
}

export const loginStore = new LoginStore();
