import { ChatError, toChatError } from './chat-error.js';

/** The tokens of a login. */
export interface Tokens {
  token: string;
  refreshToken?: string | undefined;
}

/** What a login is built from. */
export interface LoginParts {
  tokens: Tokens;
  /** Exchanges a refresh token for new tokens; rejects with a ChatError. */
  exchange(refreshToken: string | undefined): Promise<Tokens>;
  /** New tokens; keep them for the next start. */
  onTokens(tokens: Tokens): void;
}

/** The tokens under which a device acts, which renew themselves. */
export class Login {
  private tokens: Tokens;
  private refreshing: Promise<void> | undefined;

  constructor(private readonly parts: LoginParts) {
    this.tokens = parts.tokens;
  }

  /** The token of the moment. */
  get token(): string {
    return this.tokens.token;
  }

  /** Gets another token than the one refused, unless somebody has done so in the meantime. */
  async renew(refused: string | undefined, refusal: ChatError): Promise<void> {
    if (refused !== this.tokens.token) return;
    if (this.tokens.refreshToken === undefined) throw refusal;
    await this.refresh();
  }

  /** Exchanges the refresh token, once for all who need it: each is good for one use. */
  private refresh(): Promise<void> {
    this.refreshing ??= this.exchange().finally(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  private async exchange(): Promise<void> {
    try {
      this.tokens = await this.parts.exchange(this.tokens.refreshToken);
    } catch (thrown) {
      throw asRefusedRefresh(toChatError(thrown));
    }
    this.parts.onTokens(this.tokens);
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
