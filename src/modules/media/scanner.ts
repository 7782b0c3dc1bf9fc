import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Config } from '../../config/index.js';
import { AppError } from '../../shared/errors.js';

/** Scans for malware; resolves when the file is clean. */
export interface FileScanner {
  /**
   * @throws {AppError} UNSAFE_FILE, or STORAGE_UNAVAILABLE when no answer can be had: a file that could not
   *   be scanned is refused.
   */
  scan(path: string): Promise<void>;
}

/** Longest time for one file, in milliseconds. */
const TIMEOUT_MS = 60_000;
const CHUNK = 64 * 1024;

const unsafe = (): AppError => new AppError('UNSAFE_FILE', 'The file was refused as unsafe');
const unavailable = (cause: unknown): AppError =>
  new AppError('STORAGE_UNAVAILABLE', 'The file could not be scanned; try again', {
    retryAfter: 5,
    cause,
  });

/** Asks an HTTP service, which answers `{"clean": true}` or `{"clean": false}`. */
class HttpScanner implements FileScanner {
  constructor(private readonly url: string) {}

  async scan(path: string): Promise<void> {
    const verdict = await this.ask(path).catch((error: unknown) => {
      throw unavailable(error);
    });
    if (!verdict) throw unsafe();
  }

  private async ask(path: string): Promise<boolean> {
    const { size } = await stat(path);
    // Not `fetch` with a blob of the file: that leaves the file open when nobody answers.
    // Loaded when first needed: most servers have no scanner.
    const { request } = await import('undici');
    const { statusCode, body } = await request(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(size) },
      body: createReadStream(path),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (statusCode !== 200) {
      await body.dump();
      throw new Error(`the scanner answered ${statusCode}`);
    }
    const { clean } = (await body.json()) as { clean?: unknown };
    return clean === true;
  }
}

/** Asks ClamAV's daemon, by its INSTREAM command. */
class ClamdScanner implements FileScanner {
  constructor(
    private readonly host: string,
    private readonly port: number,
  ) {}

  async scan(path: string): Promise<void> {
    const verdict = await this.ask(path).catch((error: unknown) => {
      throw unavailable(error);
    });
    if (verdict === 'stream: OK') return;
    if (verdict.endsWith(' FOUND')) throw unsafe();
    throw unavailable(new Error(`clamd answered ${verdict}`));
  }

  private async ask(path: string): Promise<string> {
    const clamd = connect(this.port, this.host);
    clamd.setTimeout(TIMEOUT_MS, () => clamd.destroy(new Error('clamd did not answer')));
    const answer = new Promise<string>((resolve, reject) => {
      let text = '';
      clamd.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      clamd.on('end', () => {
        resolve(text.replace(/\0.*$/s, ''));
      });
      clamd.on('error', reject);
    });
    const frames = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from('zINSTREAM\0');
      for await (const chunk of createReadStream(path, { highWaterMark: CHUNK })) {
        yield withLength(chunk as Buffer);
      }
      yield withLength(Buffer.alloc(0));
    };
    try {
      // Left open on this side: clamd answers after the last frame.
      const [text] = await Promise.all([answer, pipeline(frames, clamd, { end: false })]);
      return text;
    } finally {
      clamd.destroy();
    }
  }
}

const withLength = (chunk: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(chunk.length);
  return Buffer.concat([length, chunk]);
};

/** The scanners that the settings name, one after the other; none by default. */
export const createScanner = (
  config: Pick<Config, 'uploadScanUrl' | 'clamdHost' | 'clamdPort'>,
): FileScanner => {
  const scanners: FileScanner[] = [];
  if (config.uploadScanUrl) scanners.push(new HttpScanner(config.uploadScanUrl));
  if (config.clamdHost) scanners.push(new ClamdScanner(config.clamdHost, config.clamdPort));
  return {
    scan: async (path) => {
      for (const scanner of scanners) await scanner.scan(path);
    },
  };
};
