/** Sends inputs over HTTP and keeps what comes back. */
import { Agent, request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import type { BytesInput, HttpInput } from './rest-inputs.js';

/** An answer; undefined headers mean that none came. */
export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** How the exchange ended when there is no whole answer. */
export interface NoAnswer {
  ended: string;
}

/** Longer than any request may take, and than a busy machine makes it. */
const ANSWER_MS = 30_000;
/** Bytes that are no whole request leave the server waiting for the rest; it need not be waited for. */
const BYTES_MS = 1000;

/** Sends requests over connections that are kept. */
export class HttpCaller {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 100 });

  constructor(private readonly url: string) {}

  /** Sends a request; resolves with its answer, or with why there is none. */
  async call(input: HttpInput): Promise<HttpAnswer | NoAnswer> {
    const first = await this.once(input);
    // The server may close a kept connection in the moment in which it is used again.
    return 'isStale' in first ? this.once(input) : first;
  }

  private once(
    input: HttpInput,
  ): Promise<HttpAnswer | NoAnswer | { ended: string; isStale: true }> {
    const { method, path, headers, body, hangsUp } = input;
    return new Promise((resolve) => {
      const sent = request(this.url + '/', {
        agent: hangsUp ? false : this.agent,
        method,
        path,
        headers: { ...headers, ...(body && { 'content-length': String(body.length) }) },
      });
      const timer = setTimeout(() => {
        sent.destroy(new Error(`no answer within ${ANSWER_MS} ms`));
      }, ANSWER_MS);
      sent.once('close', () => {
        clearTimeout(timer);
      });
      sent.on('error', (error: NodeJS.ErrnoException) => {
        const ended = error.message;
        const isStale = sent.reusedSocket && error.code === 'ECONNRESET';
        resolve(isStale ? { ended, isStale } : { ended });
      });
      sent.once('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', (error) => {
          resolve({ ended: `broke off: ${error.message}` });
        });
        response.once('end', () => {
          const { statusCode = 0, headers: answered } = response;
          resolve({ status: statusCode, headers: answered, body: Buffer.concat(chunks) });
        });
      });
      if (hangsUp && body) {
        sent.write(body.subarray(0, body.length >> 1), () => {
          sent.destroy();
          resolve({ ended: 'hung up' });
        });
      } else sent.end(body);
    });
  }

  /** Lets go of the connections. */
  close(): void {
    this.agent.destroy();
  }
}

/** Writes bytes to a connection of their own; resolves with what came back when it has ended. */
export const sendBytes = (url: string, { bytes }: BytesInput): Promise<string> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    let heard = '';
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(heard);
    };
    const timer = setTimeout(finish, BYTES_MS);
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
    });
    socket.on('error', finish);
    socket.on('close', finish);
    socket.end(bytes);
  });
