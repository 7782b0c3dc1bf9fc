import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { MongoClient } from 'mongodb';
import type { Db, Document } from 'mongodb';
import { startEmbeddedDb } from '../src/index.js';
import type { EmbeddedDb, EmbeddedDbOptions } from '../src/index.js';

/** An embedded database in a folder of its own, and a client of it. */
export interface RunningDb {
  readonly dataDir: string;
  readonly embedded: EmbeddedDb;
  readonly client: MongoClient;
  readonly db: Db;
  /** Closes the client and the database and deletes the folder. */
  stop(): Promise<void>;
}

/** Makes an empty folder for a database. */
export function temporaryFolder(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'parley-test-'));
}

/** Starts a database in a new folder. */
export async function runDb(options: Partial<EmbeddedDbOptions> = {}): Promise<RunningDb> {
  const dataDir = options.dataDir ?? temporaryFolder();
  const embedded = await startEmbeddedDb({ ...options, dataDir });
  const client = await new MongoClient(embedded.uri, {
    serverSelectionTimeoutMS: 5000,
  }).connect();
  return {
    dataDir,
    embedded,
    client,
    db: client.db('test'),
    async stop() {
      await client.close();
      await embedded.close();
      fs.rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

let serial = 0;

/** A collection that no other test has used. */
export function freshCollection(db: Db) {
  serial += 1;
  return db.collection<Document>(`c${String(serial)}`);
}

/** Every stage of an explained plan, outermost first. */
export function stagesOf(plan: Document): string[] {
  const inner = (
    plan['inputStage'] ? [plan['inputStage']] : (plan['inputStages'] ?? [])
  ) as Document[];
  return [String(plan['stage']), ...inner.flatMap(stagesOf)];
}

/** The index that an explained plan reads. */
export function indexOf(plan: Document): string | undefined {
  if (plan['indexName'] !== undefined) return String(plan['indexName']);
  return plan['inputStage'] ? indexOf(plan['inputStage'] as Document) : undefined;
}
