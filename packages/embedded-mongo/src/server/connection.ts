import type { Socket } from 'node:net';
import { messageLength, ProtocolViolation, readMessage, writeReply } from './message-frame.js';
import type { RequestMessage } from './message-frame.js';

/** Answers one request; the promise resolves with the reply document. */
export type RequestHandler = (request: RequestMessage) => Promise<Buffer>;

/** Requests of one connection that may wait before its socket is no longer read. */
const MAX_WAITING = 32;

/** Milliseconds that a client has to take its last answers when the server closes. */
const CLOSE_MS = 1000;

/**
 * One client: cuts its bytes into messages, has them answered in order, and stops reading while it
 * does not take its answers. A message that breaks the protocol ends this connection only.
 */
export class Connection {
  private chunks: Buffer[] = [];
  private received = 0;
  private expected: number | undefined;
  private readonly waiting: RequestMessage[] = [];
  private isAnswering = false;

  constructor(
    private readonly socket: Socket,
    private readonly handle: RequestHandler,
    private readonly onViolation: (reason: string) => void,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.receive(chunk);
    });
    socket.on('drain', () => {
      this.readOn();
    });
    // What matters about a broken connection is that it closes, which it does by itself.
    socket.on('error', () => undefined);
  }

  /** Ends the connection once its answers have been sent, or soon if the client does not take them. */
  close(): void {
    this.socket.destroySoon();
    setTimeout(() => this.socket.destroy(), CLOSE_MS).unref();
  }

  private receive(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.received += chunk.length;
    try {
      this.cutMessages();
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error;
      this.onViolation(error.message);
      this.socket.destroy();
      return;
    }
    if (this.waiting.length > MAX_WAITING) this.socket.pause();
    void this.answer();
  }

  private cutMessages(): void {
    for (;;) {
      if (this.expected === undefined) {
        if (this.received < 4) return;
        this.expected = messageLength(this.joined());
      }
      if (this.expected === undefined || this.received < this.expected) return;
      const bytes = this.joined();
      const message = bytes.subarray(0, this.expected);
      const rest = bytes.subarray(this.expected);
      this.chunks = rest.length > 0 ? [rest] : [];
      this.received = rest.length;
      this.expected = undefined;
      this.waiting.push(readMessage(message));
    }
  }

  private joined(): Buffer {
    if (this.chunks.length > 1) this.chunks = [Buffer.concat(this.chunks)];
    return this.chunks[0]!;
  }

  private async answer(): Promise<void> {
    if (this.isAnswering) return;
    this.isAnswering = true;
    for (let request = this.waiting.shift(); request; request = this.waiting.shift()) {
      await this.drained();
      const document = await this.handle(request);
      if (this.socket.destroyed) break;
      if (request.wantsReply) this.send(writeReply(request, document));
      // Also after a request without a reply: a burst of those may be what has stopped the reading.
      this.readOn();
    }
    this.isAnswering = false;
  }

  private send(parts: readonly Uint8Array[]): void {
    if (parts.length > 1) this.socket.cork();
    for (const part of parts) this.socket.write(part);
    if (parts.length > 1) this.socket.uncork();
  }

  /** Nothing more is answered while the client has not taken what it has been sent. */
  private async drained(): Promise<void> {
    if (!this.socket.writableNeedDrain || this.socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const goOn = () => {
        this.socket.off('drain', goOn);
        this.socket.off('close', goOn);
        resolve();
      };
      this.socket.on('drain', goOn);
      this.socket.on('close', goOn);
    });
  }

  private readOn(): void {
    if (this.socket.writableNeedDrain) this.socket.pause();
    else if (this.waiting.length <= MAX_WAITING && this.socket.isPaused()) this.socket.resume();
  }
}
