import { ChatError, toChatError } from './chat-error.js';
import { succeeds } from './token-claims.js';

/** The tokens of a login. */
export interface Tokens {
  token: string;
  refreshToken?: string | undefined;
}

/** What a login is built from. */
export interface LoginParts {
  tokens: Tokens;
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

  /**
   * Gets another token than the one refused, unless somebody has done so in the meantime: once for all who
   * need it.
   */
  async renew(refused: string | undefined, refusal: ChatError): Promise<void> {
    if (refused !== this.tokens.token) return;
    this.renewing ??= this.replace(refusal).finally(() => {
      this.renewing = undefined;
    });
    await this.renewing;
  }

  private async replace(refusal: ChatError): Promise<void> {
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
