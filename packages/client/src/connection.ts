import type { Socket } from 'socket.io-client';
import { io } from 'socket.io-client';
import { ChatError, toChatError } from './chat-error.js';
import { fitsFrame, tooLong } from './frame.js';
import type { LoginParts, TokenProvider, Tokens } from './login.js';
import { Login } from './login.js';
import { onNetworkBack } from './network.js';
import type { Page } from './rest-api.js';
import { RestApi } from './rest-api.js';
import { Retry } from './retry.js';
import type { Timers } from './timers.js';
import { replaceAfter } from './token-claims.js';
import type { ErrorBody } from './wire.types.js';

/** What a connection is built from. */
export interface ConnectionParts {
  /** Base of the server, as in `https://chat.example.com`. */
  url: string;
  tokens: Tokens;
  getToken?: TokenProvider | undefined;
  /** The tokens that the application keeps; another tab may have renewed them. */
  keptTokens?: LoginParts['kept'];
  timers: Timers;
  /** Refuse to fall back to HTTP polling. */
  websocketOnly: boolean;
  /** New tokens; keep them for the next start. */
  onTokens(tokens: Tokens): void;
  onConnect(): void;
  onDisconnect(): void;
  /** An attempt to connect begins, or has failed and the next one is due later. */
  onAttempt?(status: 'connecting' | 'offline'): void;
  /** There is a token, the first one. */
  onToken?(token: string): void;
  /** The server will not let this login in again: the connection is closed, and trying is of no use. */
  onSignedOut(error: ChatError): void;
  onEvent(event: string, payload: unknown): void;
}

/** The answer to a command. */
type Ack = { ok: true; data: unknown } | { ok: false; error: ErrorBody };

/** How long a command may take, in milliseconds. */
const ANSWER_TIMEOUT_MS = 10_000;

/** The REST endpoint that does the same as a command; its body is the command's payload unless told. */
export interface RestTwin {
  method: string;
  path: string;
  body?: unknown;
}

/** A socket that stays connected, and REST beside it, under one login that renews itself. */
export class Connection {
  private readonly socket: Socket;
  private readonly login: Login;
  private readonly api: RestApi;
  /** Of handshakes that were refused since the last connection. */
  private readonly retry: Retry;
  private cancelRenewal: (() => void) | undefined;
  private endNetworkWatch: (() => void) | undefined;
  /** The token of the newest handshake. */
  private offered: string | undefined;
  /** Connections that were lost. */
  private losses = 0;
  private isWanted = false;

  constructor(private readonly parts: ConnectionParts) {
    this.api = new RestApi(parts.url, parts.timers);
    this.retry = new Retry(parts.timers);
    this.login = new Login({
      timers: parts.timers,
      tokens: parts.tokens,
      getToken: parts.getToken,
      kept: parts.keptTokens,
      exchange: (refreshToken) =>
        this.api.request<Tokens>('POST', '/api/auth/refresh', { refreshToken }),
      onTokens: (tokens) => {
        parts.onTokens(tokens);
      },
    });
    this.socket = io(parts.url, {
      autoConnect: false,
      forceNew: true,
      transports: parts.websocketOnly ? ['websocket'] : ['websocket', 'polling'],
      // Without this the second one is there in name only.
      tryAllTransports: true,
      auth: (give) => {
        void this.offer(give);
      },
      reconnectionDelay: 500,
      reconnectionDelayMax: 10_000,
    });
    this.socket.on('connect', () => {
      this.retry.reset();
      this.renewInTime({ isNew: false });
      parts.onConnect();
    });
    this.socket.on('disconnect', (reason) => {
      this.losses += 1;
      this.cancelRenewal?.();
      parts.onDisconnect();
      // The server has ended it on purpose; the next handshake says why.
      if (reason === 'io server disconnect') this.retryLater();
    });
    this.socket.on('connect_error', (error) => {
      const refusal = (error as Error & { data?: ErrorBody }).data;
      parts.onAttempt?.('offline');
      // Without data there was no server to refuse; the socket tries again by itself.
      if (refusal) void this.onRefused(new ChatError(refusal));
    });
    this.socket.onAny((event: string, payload: unknown) => {
      parts.onEvent(event, payload);
    });
  }

  /** Whether there is a connection at the moment. */
  get isConnected(): boolean {
    return this.socket.connected;
  }

  /** The token of the moment. */
  get token(): string {
    return this.login.token;
  }

  /** Connects, and from then on reconnects whenever the connection is lost. */
  open(): void {
    this.isWanted = true;
    this.endNetworkWatch ??= onNetworkBack(() => {
      this.connectAnew();
    });
    this.retry.reset();
    this.connect();
  }

  /** Ends the connection, and all tries to get one, until it is opened again. */
  close(): void {
    this.isWanted = false;
    this.endNetworkWatch?.();
    this.endNetworkWatch = undefined;
    this.retry.stop();
    this.socket.disconnect();
  }

  /**
   * Sends a command; rejects with a ChatError when it is refused, or when there is no answer. Where the token has
   * ended, as after a night in which the device slept, a newer one is brought on the way.
   */
  async command<T>(event: string, payload: unknown): Promise<T> {
    const { offered } = this;
    try {
      return await this.ask<T>(event, payload);
    } catch (thrown) {
      const error = toChatError(thrown);
      if (!error.isRenewable) throw error;
      if (!(await this.bringToken(offered))) throw lost(event);
      return this.ask<T>(event, payload);
    }
  }

  private async ask<T>(event: string, payload: unknown): Promise<T> {
    if (!this.socket.connected) throw disconnected();
    if (!fitsFrame(event, payload)) throw tooLong(event);
    const { losses } = this;
    let ack: Ack;
    try {
      ack = (await this.socket.timeout(ANSWER_TIMEOUT_MS).emitWithAck(event, payload)) as Ack;
    } catch {
      throw losses === this.losses ? unanswered(event) : lost(event);
    }
    if (!ack.ok) throw new ChatError(ack.error);
    return ack.data as T;
  }

  /** Sends a command, over REST when it is too long for a frame; like commands, while connected only. */
  async commandOrRest<T>(event: string, payload: unknown, twin: RestTwin): Promise<T> {
    if (fitsFrame(event, payload)) return this.command<T>(event, payload);
    if (!this.socket.connected) throw disconnected();
    return this.rest<T>(twin.method, twin.path, twin.body ?? payload);
  }

  /** Calls a REST endpoint and answers its `data`; an expired token is renewed on the way. */
  async rest<T>(method: string, path: string, body?: unknown): Promise<T> {
    return (await this.page<T>(method, path, body)).data;
  }

  /** The same, with what stands beside `data`. */
  page<T>(method: string, path: string, body?: unknown): Promise<Page<T>> {
    return this.withToken((token) => this.api.page<T>(method, path, body, token));
  }

  /** Does something with the login's token; once more when that is refused and there is a newer one. */
  async withToken<T>(work: (token: string) => Promise<T>): Promise<T> {
    const token = this.login.token === '' ? await this.login.fresh() : this.login.token;
    try {
      return await work(token);
    } catch (thrown) {
      const error = toChatError(thrown);
      if (!error.isRenewable) throw error;
      await this.login.renew(token, error).catch((failure: unknown) => {
        const reason = toChatError(failure);
        if (reason.isAboutLogin) this.signOut(reason);
        throw reason;
      });
      return work(this.login.token);
    }
  }

  /** Tells the server of a handshake who this is. */
  private async offer(give: (auth: object) => void): Promise<void> {
    const { engine } = this.socket.io;
    try {
      const token = await this.login.fresh();
      // The server ends a connection that says twice who it is.
      if (!this.isWanted || engine !== this.socket.io.engine) return;
      this.parts.onToken?.(token);
      this.offered = token;
      give({ token, dialect: 'native' });
    } catch (thrown) {
      this.socket.disconnect();
      this.giveUpOr(toChatError(thrown));
    }
  }

  /** Goes on trying unless the login is over: whatever else is refused today may be taken tomorrow. */
  private async onRefused(refusal: ChatError): Promise<void> {
    try {
      if (!refusal.isRenewable) throw refusal;
      await this.login.renew(this.offered, refusal);
    } catch (thrown) {
      this.giveUpOr(toChatError(thrown));
      return;
    }
    // A server that refuses what it has just renewed is not asked again and again at once.
    if (!this.retry.isFirst) this.retryLater();
    else if (this.isWanted) {
      this.retry.count();
      this.connect();
    }
  }

  private giveUpOr(error: ChatError): void {
    this.parts.onAttempt?.('offline');
    // In an answer to a command it may be about one room; in a handshake it is about the account.
    if (error.isAboutLogin || error.code === 'BANNED') this.signOut(error);
    else this.retryLater(error.retryAfter);
  }

  /** The server ends a connection together with its token, so a newer one is brought before. */
  private renewInTime({ isNew }: { isNew: boolean }): void {
    const { timers } = this.parts;
    const token = this.offered;
    const wait = token === undefined ? undefined : replaceAfter(token, timers.now(), isNew);
    this.cancelRenewal?.();
    if (wait === undefined) return;
    this.cancelRenewal = timers.after(wait, () => {
      void this.bringToken(token);
    });
  }

  /** Brings the server a newer token than `old`; answers whether it has taken it. */
  private async bringToken(old: string | undefined): Promise<boolean> {
    try {
      await this.login.renew(old, endsSoon());
      const { token } = this.login;
      await this.ask('refresh_token', { token });
      this.offered = token;
    } catch {
      // The connection ends with its token; the next handshake finds out why, and says so.
      return false;
    }
    this.renewInTime({ isNew: true });
    return true;
  }

  private signOut(error: ChatError): void {
    // Who has closed the connection meanwhile does not ask any more.
    if (!this.isWanted) return;
    this.close();
    this.parts.onSignedOut(error);
  }

  /**
   * Connects, unless that is under way: a socket told twice would send a second handshake on the same
   * connection, and the server ends a connection for that.
   */
  private connect(): void {
    this.retry.stop();
    if (this.socket.active) return;
    this.parts.onAttempt?.('connecting');
    this.socket.connect();
  }

  /**
   * Connects at once when the network is back: the pause before the next attempt is for servers that are away, and
   * an attempt that began without a network may hang until it times out.
   */
  private connectAnew(): void {
    if (this.socket.connected) return;
    this.retry.reset();
    this.socket.disconnect();
    this.connect();
  }

  /** After a refusal the socket does not try again by itself. */
  private retryLater(retryAfter?: number): void {
    if (!this.isWanted) return;
    this.retry.later(() => {
      this.connect();
    }, retryAfter);
  }
}

const disconnected = (): ChatError =>
  new ChatError({ code: 'DISCONNECTED', message: 'Not connected' });

const endsSoon = (): ChatError =>
  new ChatError({ code: 'TOKEN_EXPIRED', message: 'The access token is about to end' });

const unanswered = (event: string): ChatError =>
  new ChatError({ code: 'TIMEOUT', message: `No answer to ${event}` });

const lost = (event: string): ChatError =>
  new ChatError({ code: 'CONNECTION_LOST', message: `Disconnected before the answer to ${event}` });
