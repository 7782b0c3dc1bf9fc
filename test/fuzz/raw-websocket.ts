/** A WebSocket client that sends whatever bytes it is given: a real one refuses to break the protocol. */
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Socket } from 'node:net';

/** Opcodes of RFC 6455. */
export const OPCODES = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** One frame, masked as clients must, whose header may lie about the length. */
export const frame = (
  opcode: number,
  content: Buffer,
  { announced = content.length, isFinal = true, isMasked = true, reserved = 0 } = {},
): Buffer => {
  const first = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode;
  const flag = isMasked ? 0x80 : 0;
  let head: Buffer;
  if (announced < 126) head = Buffer.from([first, flag | announced]);
  else if (announced < 65_536) {
    head = Buffer.from([first, flag | 126, announced >> 8, announced & 255]);
  } else {
    head = Buffer.alloc(10);
    head.set([first, flag | 127]);
    head.writeBigUInt64BE(BigInt(announced), 2);
  }
  if (!isMasked) return Buffer.concat([head, content]);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, content.map((byte, i) => byte ^ mask[i % 4]!)]);
};

/** An open connection, which keeps the text messages that it has heard. */
export class RawWebSocket {
  readonly heard: string[] = [];
  isClosed = false;
  private pending = Buffer.alloc(0);
  private readonly waiters = new Set<() => void>();

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.take(chunk);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      this.tell();
    });
  }

  /** Opens a connection to the server's Socket.IO path. */
  static open(url: string): Promise<RawWebSocket> {
    return new Promise((resolve, reject) => {
      const asked = request(`${url}/socket.io/?EIO=4&transport=websocket`, {
        agent: false,
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': randomBytes(16).toString('base64'),
        },
      });
      asked.once('upgrade', (_response, socket: Socket, head: Buffer) => {
        const opened = new RawWebSocket(socket);
        opened.take(head);
        resolve(opened);
      });
      asked.once('response', (response) => {
        reject(new Error(`the upgrade was answered with ${response.statusCode}`));
      });
      asked.once('error', reject);
      asked.end();
    });
  }

  /** Sends a text message. */
  say(text: string): void {
    this.write(frame(OPCODES.text, Buffer.from(text)));
  }

  /** Sends bytes as they are. */
  write(bytes: Buffer): void {
    if (!this.isClosed) this.socket.write(bytes);
  }

  /** Resolves with true when such a message has come or the connection has ended; false when neither has. */
  until(fits: (message: string) => boolean, timeoutMs: number): Promise<boolean> {
    const isMet = () => this.isClosed || this.heard.some(fits);
    if (isMet()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (isInTime: boolean) => {
        clearTimeout(timer);
        this.waiters.delete(look);
        resolve(isInTime);
      };
      const look = () => {
        if (isMet()) finish(true);
      };
      const timer = setTimeout(() => {
        finish(false);
      }, timeoutMs);
      this.waiters.add(look);
    });
  }

  /** Ends the connection without a word. */
  close(): void {
    this.socket.destroy();
  }

  private tell(): void {
    for (const waiter of this.waiters) waiter();
  }

  /** A server's frames are whole, unmasked, and never longer than two bytes can say or, rarely, eight. */
  private take(chunk: Buffer): void {
    this.pending = Buffer.concat([this.pending, chunk]);
    for (;;) {
      if (this.pending.length < 2) break;
      const short = this.pending[1]! & 127;
      const start = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (this.pending.length < start) break;
      const length =
        short < 126
          ? short
          : short === 126
            ? this.pending.readUInt16BE(2)
            : Number(this.pending.readBigUInt64BE(2));
      if (this.pending.length < start + length) break;
      const opcode = this.pending[0]! & 15;
      const content = this.pending.subarray(start, start + length);
      this.pending = this.pending.subarray(start + length);
      if (opcode === OPCODES.text) this.heard.push(content.toString());
      if (opcode === OPCODES.close) this.socket.end();
    }
    this.tell();
  }
}
