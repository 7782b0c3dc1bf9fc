import type { ChatClient } from './chat-client.js';
import { ChatError, toChatError } from './chat-error.js';
import { originOf, refusalOf } from './rest-api.js';
import { Retry } from './retry.js';
import type { Store } from './store.js';
import { DerivedStore, StoreQueue } from './store.js';
import type { Timers } from './timers.js';
import { systemTimers, within } from './timers.js';
import type { MediaItem } from './wire.types.js';

/** A file to upload: a browser's or Node's, or React Native's description of one. */
export type UploadFile = Blob | { uri: string; name: string; type: string };

/** What may be said about an upload. */
export interface UploadOptions {
  /** The chat that it is for; without it, the file is this user's alone until it is sent. */
  chatId?: string;
  /** Its name for people; the file's own unless told. */
  filename?: string;
  timers?: Timers;
}

/** How far an upload is. */
export interface UploadState {
  /** `waiting`: the connection was lost, and it starts again by itself. */
  readonly status: 'uploading' | 'waiting' | 'done' | 'failed' | 'cancelled';
  /** From 0 to 1; where nobody tells, as with Node's `fetch`, it stays 0 until the end. */
  readonly progress: number;
  /** What `Message.sendMedia` takes, once it is there. */
  readonly file: MediaItem | null;
  readonly error: ChatError | null;
}

/** A permission to upload one file, which the server gives for ten minutes. */
interface Permission {
  fileId: string;
  /** Unix time in seconds. */
  expire: number;
  uploadUrl: string;
  fields: Record<string, string>;
}

/** The part of `XMLHttpRequest` that is used; Node has none. */
interface Request {
  upload?: { onprogress: (event: { loaded: number; total: number }) => void };
  status: number;
  responseText: string;
  onload: () => void;
  onerror: () => void;
  onabort: () => void;
  open(method: string, url: string): void;
  send(body: FormData): void;
  abort(): void;
}

const BEGUN: UploadState = { status: 'uploading', progress: 0, file: null, error: null };
/** The longest that an upload may take, all attempts together, in milliseconds: a permission's life. */
const LONGEST_MS = 10 * 60_000;

/** One file on its way to the server, or, where its storage takes that, straight to the store behind it. */
export class Upload implements Store<UploadState> {
  /** Resolves with what `Message.sendMedia` takes; rejects with a ChatError, at the latest after ten minutes. */
  readonly done: Promise<MediaItem>;
  readonly subscribe: Store<UploadState>['subscribe'];
  readonly getSnapshot: Store<UploadState>['getSnapshot'];
  readonly getServerSnapshot: Store<UploadState>['getServerSnapshot'];
  private readonly store: DerivedStore<UploadState>;
  private readonly timers: Timers;
  private readonly retry: Retry;
  private readonly aborting = new AbortController();
  private now = BEGUN;

  constructor(
    private readonly client: Pick<ChatClient, 'rest' | 'url'>,
    private readonly file: UploadFile,
    private readonly options: UploadOptions = {},
  ) {
    this.timers = options.timers ?? systemTimers;
    this.retry = new Retry(this.timers);
    this.store = new DerivedStore(new StoreQueue(), () => this.now, BEGUN);
    this.subscribe = this.store.subscribe;
    this.getSnapshot = this.store.getSnapshot;
    this.getServerSnapshot = this.store.getServerSnapshot;
    this.done = this.run();
    // Whoever does not wait for it looks at the state.
    this.done.catch(() => undefined);
  }

  /** Ends it; `done` rejects as CANCELLED, unless the file is there already. */
  cancel(): void {
    this.aborting.abort();
    this.retry.stop();
  }

  private async run(): Promise<MediaItem> {
    try {
      const work = this.attempts();
      const file = await within(this.timers, LONGEST_MS, work, 'The upload takes too long');
      this.change({ status: 'done', progress: 1, file });
      return file;
    } catch (thrown) {
      const error = this.isCancelled ? cancelled() : toChatError(thrown);
      this.change({ status: this.isCancelled ? 'cancelled' : 'failed', error });
      this.cancel();
      throw error;
    }
  }

  /** Again until it is there, or refused; always under the same id, so that it is stored once. */
  private async attempts(): Promise<MediaItem> {
    let permission: Permission | undefined;
    for (;;) {
      try {
        permission ??= await this.permission();
        this.change({ status: 'uploading', progress: 0 });
        await this.send(permission);
      } catch (thrown) {
        const error = toChatError(thrown);
        // The answer to an earlier attempt may have been lost: then the file is there.
        const isUsed = error.code === 'CONFLICT' && permission !== undefined;
        if (this.isCancelled || !(error.isRetryable || isUsed)) throw error;
        await this.pause(error);
      }
      if (this.isCancelled) throw cancelled();
      try {
        if (permission) return await this.complete(permission);
      } catch (thrown) {
        const error = toChatError(thrown);
        // Not arrived, or still being looked at: once more.
        if (!error.isRetryable && error.code !== 'NOT_FOUND') throw error;
        await this.pause(error);
      }
      if (this.isCancelled) throw cancelled();
    }
  }

  private permission(): Promise<Permission> {
    const { chatId } = this.options;
    const query = [
      `filename=${encodeURIComponent(this.name)}`,
      ...(chatId ? [`chatId=${chatId}`] : []),
    ];
    return this.client.rest<Permission>('GET', `/api/media/get-upload-token?${query.join('&')}`);
  }

  private complete({ fileId }: Permission): Promise<MediaItem> {
    const body = { fileId, filename: this.name };
    return this.client.rest<MediaItem>('POST', '/api/media/complete', body);
  }

  private async send({ uploadUrl, fields }: Permission): Promise<void> {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    // React Native's form takes a description of a file.
    form.append('file', this.file as Blob, this.name);
    const url = uploadUrl.startsWith('/') ? originOf(this.client.url) + uploadUrl : uploadUrl;
    const { status, text } = await this.post(url, form);
    if (status >= 200 && status < 300) return;
    throw refusalOf(status, parse(text));
  }

  private async post(url: string, body: FormData): Promise<{ status: number; text: string }> {
    const { XMLHttpRequest: Xhr } = globalThis as unknown as { XMLHttpRequest?: new () => Request };
    if (Xhr) return this.postWithProgress(new Xhr(), url, body);
    const response = await fetch(url, { method: 'POST', body, signal: this.aborting.signal });
    return { status: response.status, text: await response.text() };
  }

  private postWithProgress(
    request: Request,
    url: string,
    body: FormData,
  ): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const lost = () => {
        reject(new ChatError({ code: 'CONNECTION_LOST', message: 'The upload was interrupted' }));
      };
      request.open('POST', url);
      if (request.upload) {
        request.upload.onprogress = ({ loaded, total }) => {
          this.change({ progress: total > 0 ? loaded / total : 0 });
        };
      }
      request.onload = () => {
        resolve({ status: request.status, text: request.responseText });
      };
      request.onerror = lost;
      request.onabort = lost;
      this.aborting.signal.addEventListener('abort', () => {
        request.abort();
      });
      request.send(body);
    });
  }

  private async pause(error: ChatError): Promise<void> {
    this.change({ status: 'waiting' });
    await this.retry.pause(error.retryAfter);
  }

  private get isCancelled(): boolean {
    return this.aborting.signal.aborted;
  }

  private get name(): string {
    return this.options.filename ?? (this.file as { name?: string }).name ?? 'file';
  }

  private change(changes: Partial<UploadState>): void {
    this.now = { ...this.now, ...changes };
    this.store.invalidate();
  }
}

const cancelled = (): ChatError =>
  new ChatError({ code: 'CANCELLED', message: 'The upload was cancelled' });

const parse = (text: string): Record<string, unknown> | undefined => {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
};
