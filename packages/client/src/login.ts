import { ChatError, toChatError } from './chat-error.js';
import type { Timers } from './timers.js';
import { within } from './timers.js';
import { subjectOf, succeeds } from './token-claims.js';

/** The tokens of a login. */
export interface Tokens {
  token: string;
  refreshToken?: string | undefined;
}

/** Gives the token of the moment, as your own server made it; undefined when nobody is signed in any more. */
export type TokenProvider = () => string | undefined | Promise<string | undefined>;

/** How long a provider of tokens may take, in milliseconds. */
export const PROVIDER_TIMEOUT_MS = 15_000;

/** What a login is built from. */
export interface LoginParts {
  timers: Timers;
  tokens: Tokens;
  /** Asked before each connection, and for another token when one is refused or about to end. */
  getToken?: TokenProvider | undefined;
  /** The tokens that the application keeps; another tab may have renewed them. */
  kept?: (() => Tokens | undefined | Promise<Tokens | undefined>) | undefined;
  /** Exchanges a refresh token for new tokens; rejects with a ChatError. */
  exchange(refreshToken: string): Promise<Tokens>;
  /** New tokens; keep them for the next start. */
  onTokens(tokens: Tokens): void;
}

/** The tokens under which a device acts, which renew themselves. */
export class Login {
  private tokens: Tokens;
  private renewing: Promise<void> | undefined;

  constructor(private readonly parts: LoginParts) {
    this.tokens = parts.tokens;
  }

  /** The token of the moment. */
  get token(): string {
    return this.tokens.token;
  }

  /** The token to connect with: what the provider gives, if there is one. */
  async fresh(): Promise<string> {
    if (this.parts.getToken) await this.once(() => this.provide());
    return this.token;
  }

  /**
   * Gets another token than the one refused, unless somebody has done so in the meantime: once for all who
   * need it.
   */
  async renew(refused: string | undefined, refusal: ChatError): Promise<void> {
    if (refused !== this.tokens.token) return;
    await this.once(() => this.replace(refused, refusal));
  }

  private once(replace: () => Promise<void>): Promise<void> {
    this.renewing ??= replace().finally(() => {
      this.renewing = undefined;
    });
    return this.renewing;
  }

  private async provide(): Promise<void> {
    const { getToken, timers } = this.parts;
    // In a promise, so that one that throws rejects.
    const asked = Promise.resolve().then(getToken);
    const token = await within(timers, PROVIDER_TIMEOUT_MS, asked, 'No answer from getToken()');
    if (!token) throw signedOut('getToken() gives none: nobody is signed in');
    // What waits in the outbox is the first one's; somebody else needs a client of their own.
    const isOther = this.tokens.token !== '' && subjectOf(token) !== subjectOf(this.tokens.token);
    if (isOther) throw signedOut('getToken() gives a token of somebody else');
    this.tokens = { token };
  }

  private async replace(refused: string | undefined, refusal: ChatError): Promise<void> {
    if (this.parts.getToken) {
      await this.provide();
      if (this.token === refused) throw refusal;
      return;
    }
    const kept = await this.kept();
    if (kept && succeeds(kept.token, this.tokens.token)) {
      this.tokens = kept;
      return;
    }
    if (this.tokens.refreshToken === undefined) throw refusal;
    try {
      this.tokens = await this.parts.exchange(this.tokens.refreshToken);
    } catch (thrown) {
      throw asRefusedRefresh(toChatError(thrown));
    }
    this.parts.onTokens(this.tokens);
  }

  private async kept(): Promise<Tokens | undefined> {
    try {
      return await this.parts.kept?.();
    } catch {
      // What cannot be read is of no use; our own may be.
      return undefined;
    }
  }
}

/** A refusal of the refresh token concerns the login, never the request that needed a new token. */
const asRefusedRefresh = (error: ChatError): ChatError => {
  if (error.isRetryable || error.isAboutLogin) return error;
  const isNoToken = error.code === 'VALIDATION';
  return new ChatError({
    code: isNoToken ? 'UNAUTHENTICATED' : 'UNAVAILABLE',
    message: error.message,
  });
};

const signedOut = (message: string): ChatError =>
  new ChatError({ code: 'UNAUTHENTICATED', message });
