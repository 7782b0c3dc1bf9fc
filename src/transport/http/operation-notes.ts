import type { ErrorCode } from '../../shared/errors.js';

/** What the specification says of an operation beside what its route's schemas tell. */
export interface OperationNote {
  /** What it does, who may where that is not everybody whom the route admits, and what follows. */
  description: string;
  /** The codes of its own work; those of admission, validation and the server's state come from the route. */
  codes?: readonly ErrorCode[];
}

/** Notes by method and path, as `post /api/chats/:chatId/accept`. */
export type OperationNotes = Record<string, OperationNote>;

/** A request and its answer, recorded from a real run. */
export interface OperationExample {
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: Record<string, unknown>;
  /** Text fields of a form. */
  fields?: Record<string, string>;
  /** Files of a form: paths from the folder of the project. */
  files?: Record<string, string>;
  /** Status of success. */
  status: number;
  /** The body of the answer; absent where content is answered. */
  answer?: unknown;
  /** The code with which the request was refused in the run, where only its caller can make it succeed. */
  refusedAs?: string;
}

/** The texts of the specification that no schema holds. */
export interface Documentation {
  operations: OperationNotes;
  /** What each tag is for. */
  tags: Record<string, string>;
  /** What parameters mean: by name, or by operation and name where it differs, as `get /api/rooms q`. */
  parameters: Record<string, string>;
  /** By method and path, like the notes. */
  examples: Record<string, OperationExample>;
}

/** Nothing written: for documents of a few routes, in tests. */
export const NO_DOCUMENTATION: Documentation = {
  operations: {},
  tags: {},
  parameters: {},
  examples: {},
};
