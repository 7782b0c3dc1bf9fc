import { Api } from './api.js';
import type { Tokens } from './api.js';
import { Refusal } from './refusal.js';

/** A login lasts as long as the tab, so that two tabs can be two people. */
const STORE = 'parley.chat-test.login';

/** The part of a token's life after which it is replaced. */
const USED_UP = 0.75;

/** A failed renewal is tried again after so many milliseconds. */
const AGAIN_MS = 2000;

interface Stored extends Tokens {
  /** When the token is to be replaced, by the clock of this browser. */
  renewAt: number;
}

/** How long an access token lives, in milliseconds. */
const lifeOf = (token: string): number => {
  const part = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
  const { iat, exp } = JSON.parse(atob(part)) as { iat: number; exp: number };
  return (exp - iat) * 1000;
};

/** This tab's login, which replaces its token in time. */
export class TabLogin {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private renewal: Promise<boolean> | undefined;

  private constructor(private stored: Stored) {}

  /** The login of this tab, when there is one. */
  static restore(): TabLogin | undefined {
    const text = sessionStorage.getItem(STORE);
    return text === null ? undefined : new TabLogin(JSON.parse(text) as Stored);
  }

  /** Keeps a login that has just been made. */
  static begin(tokens: Tokens): TabLogin {
    const login = new TabLogin({ ...tokens, renewAt: 0 });
    login.keep(tokens);
    return login;
  }

  /** The access token. */
  get token(): string {
    return this.stored.token;
  }

  /** Whether the token has little of its life left, or none. */
  get isUsedUp(): boolean {
    return this.stored.renewAt <= Date.now();
  }

  /**
   * Replaces the token; several callers at once cause one renewal.
   *
   * @returns false when the login has ended; true otherwise, also when the server could not be asked.
   */
  renew(): Promise<boolean> {
    this.renewal ??= this.replace().finally(() => {
      this.renewal = undefined;
    });
    return this.renewal;
  }

  /** Renews the token whenever it is used up, until `stop`. `onRenewed` hears of each that is new. */
  keepFresh(onRenewed: () => void, onEnded: () => void): void {
    const wait = Math.max(this.stored.renewAt - Date.now(), 0);
    this.timer = setTimeout(() => {
      void this.renew().then((isGoingOn) => {
        if (!isGoingOn) {
          onEnded();
          return;
        }
        if (!this.isUsedUp) onRenewed();
        else this.stored.renewAt = Date.now() + AGAIN_MS;
        this.keepFresh(onRenewed, onEnded);
      });
    }, wait);
  }

  /** Forgets the login in this tab. */
  forget(): void {
    clearTimeout(this.timer);
    sessionStorage.removeItem(STORE);
  }

  private async replace(): Promise<boolean> {
    try {
      this.keep(await Api.refresh(this.stored.refreshToken));
      return true;
    } catch (error) {
      // Without an answer, or asked to wait, the login may still be good.
      return !(error instanceof Refusal) || error.retryAfter !== undefined;
    }
  }

  private keep({ token, refreshToken }: Tokens): void {
    this.stored = { token, refreshToken, renewAt: Date.now() + lifeOf(token) * USED_UP };
    sessionStorage.setItem(STORE, JSON.stringify(this.stored));
  }
}
