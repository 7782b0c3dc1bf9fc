import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { AppError } from '../../shared/errors.js';

/** How slowly a body may come. */
export interface ArrivalLimits {
  /** How often is looked, in milliseconds. */
  tickMs: number;
  /** Longest time for a body that is no form, in milliseconds: it has 256 kB at most. */
  bodyMs: number;
  /** Bytes per second that a form with files must bring; 100 MB come in an hour at thirty times as many. */
  bytesPerSecond: number;
  /** How far a form may fall behind that, in milliseconds of it: a line may stall, or a phone lose it. */
  graceMs: number;
}

const LIMITS: ArrivalLimits = {
  tickMs: 5000,
  bodyMs: 50_000,
  bytesPerSecond: 1024,
  graceMs: 45_000,
};

/**
 * Cuts off requests whose bodies trickle, of every kind, those of long polling too: each holds a connection,
 * and with it memory. Forms with files are judged by their progress, because on a slow line a large one takes
 * long; other bodies are small.
 *
 * To be called when everything else that listens to the server does so: Socket.IO hides its own requests from
 * those who came before it.
 */
export const guardArrivals = (server: Server, limits: ArrivalLimits = LIMITS): void => {
  const arriving = new Set<Arrival>();
  const timer = setInterval(() => {
    for (const arrival of arriving) arrival.look();
  }, limits.tickMs).unref();
  server.once('close', () => {
    clearInterval(timer);
  });
  server.prependListener('request', (req, res) => {
    if (!bringsBody(req)) return;
    const arrival = new Arrival(req, res, limits);
    arriving.add(arrival);
    const end = () => arriving.delete(arrival);
    req.once('end', end);
    req.once('close', end);
  });
};

/** Whether a request says that a body follows. */
export const bringsBody = ({ headers }: IncomingMessage): boolean =>
  Number(headers['content-length']) > 0 || 'transfer-encoding' in headers;

/** A body that is being received. */
class Arrival {
  private readonly isForm: boolean;
  private seenBytes: number;
  private ageMs = 0;
  /** Bytes by which the body may still fall behind. */
  private credit: number;

  constructor(
    private readonly req: IncomingMessage,
    private readonly res: ServerResponse,
    private readonly limits: ArrivalLimits,
  ) {
    this.isForm = /^multipart\//i.test(req.headers['content-type'] ?? '');
    this.seenBytes = req.socket.bytesRead;
    this.credit = this.allowance(limits.graceMs);
  }

  /** Looks how far the body has come since the last look. A late look counts once: the process was late. */
  look(): void {
    const { req, limits } = this;
    const { bytesRead } = req.socket;
    const bytes = bytesRead - this.seenBytes;
    this.seenBytes = bytesRead;
    // While nobody reads, for want of a turn or because the disk is slow, the sender is not to blame.
    if (req.readableFlowing !== true) return;
    this.ageMs += limits.tickMs;
    const due = this.allowance(limits.tickMs);
    this.credit = Math.min(this.allowance(limits.graceMs), this.credit + bytes - due);
    if (this.isForm ? this.credit < 0 : this.ageMs >= limits.bodyMs) this.cut();
  }

  private allowance(ms: number): number {
    return (this.limits.bytesPerSecond * ms) / 1000;
  }

  private cut(): void {
    const { req, res } = this;
    const { socket } = req;
    if (res.headersSent) {
      socket.destroy();
      return;
    }
    const error = new AppError('BODY_TIMEOUT', 'The body came too slowly');
    const body = JSON.stringify({ success: false, ...error.toBody(), requestId: req.id });
    const headers = { 'Content-Type': 'application/json', Connection: 'close' };
    res.writeHead(error.status, headers).end(body, () => socket.destroy());
  }
}
