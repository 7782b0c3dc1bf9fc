import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Engine } from '../src/commands/command.types.js';
import { CursorRegistry } from '../src/commands/cursor-registry.js';
import { answer } from '../src/commands/dispatcher.js';
import { isTask, runToEnd } from '../src/pausing.js';
import type { Task } from '../src/pausing.js';
import { decode, encode } from '../src/semantics/index.js';
import type { BsonDocument } from '../src/semantics/index.js';
import { Catalog } from '../src/storage/catalog.js';
import { DatabaseFile } from '../src/storage/database-file.js';

/** What answers commands of the embedded database, without a thread or a socket around it. */
export interface CommandEngine {
  engine: Engine;
  /** Runs a command on the database `test`. */
  command(body: BsonDocument): BsonDocument;
  /** Begins a command on it, to be run slice by slice. */
  begin(body: BsonDocument): Buffer | Task<Buffer>;
  close(): void;
}

/** Opens an engine on an empty folder. */
export const openCommandEngine = (): CommandEngine => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-engine-'));
  const file = new DatabaseFile(folder, 'NORMAL');
  const engine: Engine = {
    file,
    catalog: new Catalog(file),
    cursors: new CursorRegistry(),
    startedAt: new Date(),
    now: () => new Date(),
    connectionCount: () => 0,
  };
  const begin = (body: BsonDocument) => {
    const message = {
      requestId: 1,
      kind: 'message',
      sequences: new Map(),
      wantsReply: true,
    } as const;
    return answer(engine, 1, { ...message, body: encode({ ...body, $db: 'test' }) });
  };
  return {
    engine,
    begin,
    command: (body) => {
      const work = begin(body);
      return decode(isTask(work) ? runToEnd(work) : work);
    },
    close: () => {
      file.close();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
};
