import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { runDb, temporaryFolder } from './embedded-db.fixture.js';

/** How many times the writer is killed; `KILLS=200` for the long run. */
const KILLS = Number(process.env['KILLS'] ?? 12);

const WRITER = fileURLToPath(new URL('crash.writer.ts', import.meta.url));

/** What a writer was told has been done. */
interface Acknowledged {
  inserted: Set<number>;
  /** Asked to be deleted: may be gone. */
  deleting: Set<number>;
  deleted: Set<number>;
  count: number;
  nextId: number;
  warnings: string[];
}

/** Runs a writer and kills it some milliseconds after its first acknowledged write. */
async function writeAndKill(dataDir: string, known: Acknowledged, afterMs: number): Promise<void> {
  const writer = spawn(
    process.execPath,
    ['--import', 'tsx', WRITER, dataDir, String(known.nextId)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  let timer: NodeJS.Timeout | undefined;
  writer.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (output.includes('\ninsert')) {
      timer ??= setTimeout(() => {
        writer.kill('SIGKILL');
      }, afterMs);
    }
  });
  await new Promise((resolve) => writer.once('close', resolve));
  expect(output).toContain('ready\n');
  // The last line may have been cut off by the kill.
  for (const line of output.split('\n').slice(0, -1)) note(line, known);
}

function note(line: string, known: Acknowledged): void {
  const [kind = '', first = '', last = ''] = line.split(' ');
  if (kind === 'insert') {
    for (let id = Number(first); id <= Number(last); id++) known.inserted.add(id);
    known.nextId = Number(last) + 1000;
  } else if (kind === 'deleting') {
    known.deleting.add(Number(first));
  } else if (kind === 'delete') {
    known.deleted.add(Number(first));
  } else if (kind === 'count') {
    known.count = Math.max(known.count, Number(first));
  } else if (kind === 'warning') {
    known.warnings.push(line);
  }
}

async function expectNothingLost(dataDir: string, known: Acknowledged): Promise<void> {
  const warnings: string[] = [];
  const { client, embedded } = await runDb({
    dataDir,
    logger: {
      warn: (line) => warnings.push(line),
    },
  });
  const db = client.db('crash');
  const stored = new Set<number>();
  for await (const { _id } of db.collection<{ _id: number }>('messages').find()) stored.add(_id);
  const lost = [...known.inserted].filter((id) => !stored.has(id) && !known.deleting.has(id));
  const undead = [...known.deleted].filter((id) => stored.has(id));
  const counter = await db.collection<{ _id: string; n: number }>('counters').findOne();
  expect({ lost, undead, warnings }).toEqual({ lost: [], undead: [], warnings: [] });
  expect(counter?.n).toBeGreaterThanOrEqual(known.count);
  for (const collection of ['messages', 'counters']) {
    expect(await db.command({ validate: collection })).toMatchObject({ valid: true });
  }
  await client.close();
  await embedded.close();
}

describe('kill -9 under write load', () => {
  const dataDir = temporaryFolder();
  afterAll(() => {
    fs.rmSync(dataDir, { recursive: true, force: true });
  });

  it(
    `loses no acknowledged write in ${String(KILLS)} kills, and no index disagrees`,
    async () => {
      const known: Acknowledged = {
        inserted: new Set(),
        deleting: new Set(),
        deleted: new Set(),
        count: 0,
        nextId: 0,
        warnings: [],
      };
      for (let kill = 0; kill < KILLS; kill++) {
        await writeAndKill(dataDir, known, Math.random() * 300);
        // The next writer checks the indexes at its start; every few kills all data are compared.
        if (kill % 4 === 3 || kill === KILLS - 1) await expectNothingLost(dataDir, known);
      }
      expect(known.warnings).toEqual([]);
      expect(known.inserted.size).toBeGreaterThan(KILLS);
    },
    KILLS * 20_000,
  );
});
