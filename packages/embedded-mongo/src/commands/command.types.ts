import type { BsonDocument } from '../semantics/index.js';
import type { ExecutionBudget } from '../planner/plan-execution.js';
import type { Catalog } from '../storage/catalog.js';
import type { DatabaseFile } from '../storage/database-file.js';
import type { CursorRegistry } from './cursor-registry.js';
import type { Task } from '../pausing.js';
import type { Reply } from './reply.js';

/** What every command can reach. */
export interface Engine {
  readonly file: DatabaseFile;
  readonly catalog: Catalog;
  readonly cursors: CursorRegistry;
  readonly startedAt: Date;
  /** Milliseconds; the clock of TTL, `$currentDate` and `$$NOW`. */
  now(): Date;
  /** How many clients are connected. */
  connectionCount(): number;
}

/** One command as a client sent it. */
export interface CommandRequest {
  readonly engine: Engine;
  readonly database: string;
  /** The command's name as it was sent. */
  readonly name: string;
  readonly body: BsonDocument;
  /** Documents sent beside the command, still encoded, by field. */
  readonly sequences: ReadonlyMap<string, readonly Buffer[]>;
  readonly connectionId: number;
  readonly budget: ExecutionBudget;
}

/** A command this database has. */
export interface Command {
  /** The fields it understands, beside its own name and those that every command has. */
  readonly fields: readonly string[];
  /** Fields that MongoDB understands and this database refuses by name. */
  readonly refused?: readonly string[];
  /**
   * Answers the command; either the members of the reply (`ok: 1` is added) or the reply itself. What may
   * take long is a task, which pauses when its slice is over.
   */
  run(request: CommandRequest): Reply | Buffer | Task<Reply | Buffer>;
}

/** Commands by name; an alias is a second entry. */
export type CommandTable = Readonly<Record<string, Command>>;
