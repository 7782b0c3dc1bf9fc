import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { openDatabase } from '../../src/open-database.js';
import type { Logger } from '../../src/platform/logger.js';
import { temporaryFolder } from '../../packages/embedded-mongo/test/embedded-db.fixture.js';

/** A logger that keeps its lines. */
function keepingLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const at = (level: string) => (fields: unknown, message?: string) => {
    lines.push(`${level} ${message ?? String(fields)}`);
  };
  const logger = Object.fromEntries(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace'].map((level) => [level, at(level)]),
  );
  return { logger: { ...logger, child: () => logger } as unknown as Logger, lines };
}

describe('the database of the settings', () => {
  it('puts what the embedded database has to say into the log', async () => {
    const dataDir = temporaryFolder();
    const { logger, lines } = keepingLogger();
    const settings = { mongodbUri: undefined, dataDir, embeddedDurability: 'NORMAL' as const };
    const database = await openDatabase(settings, logger);
    const client = await new MongoClient(database.uri).connect();
    const socket = decodeURIComponent(new URL(database.uri).host);
    try {
      const closed = new Promise((resolve) => {
        const broken = connect(socket, () => broken.write(Buffer.from([1, 0, 0, 0, 0])));
        broken.once('close', resolve);
        broken.resume();
      });
      await closed;
      await client.db().command({ ping: 1 });
    } finally {
      await client.close();
      await database.close();
      fs.rmSync(dataDir, { recursive: true, force: true });
    }
    expect(lines).toContainEqual(expect.stringMatching(/^warn Connection \d+ broke the protocol/));
  });

  it('does not leave a process alive that has lost it', async () => {
    const dataDir = temporaryFolder();
    const script = path.resolve('test/embedded/lost-database.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', script, dataDir], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    fs.rmSync(dataDir, { recursive: true, force: true });
    expect(said).toContain('The embedded database has ended');
    expect(code).toBe(1);
  });

  it('leaves a server of its own alone', async () => {
    const { logger } = keepingLogger();
    const uri = 'mongodb://db.example';
    const settings = { mongodbUri: uri, dataDir: '', embeddedDurability: 'NORMAL' as const };
    const database = await openDatabase(settings, logger);
    expect(database.uri).toBe(uri);
    await database.close();
  });
});
