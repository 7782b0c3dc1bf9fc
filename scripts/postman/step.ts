/** Who makes a request: by the collection variable that holds their token. */
export type Caller = 'ada' | 'bob' | 'carol' | 'dora' | 'admin' | 'key' | 'nobody';

/** One request of the collection. What it sends may name variables, as `{{chatId}}`. */
export interface Step {
  /** The operation, as `post /api/chats/:chatId/accept`. */
  call: string;
  /** Absent: `ada`, `admin`, `key` or `nobody`, whichever the route admits. */
  by?: Caller;
  /** A parameter that is not here is the variable of its own name. */
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: Record<string, unknown>;
  /** Text fields of a form. */
  fields?: Record<string, string>;
  /** Files of a form: paths from the folder of the project. */
  files?: Record<string, string>;
  /** The code of the error that is the right answer here; absent: success. */
  code?: string;
  /** Variables to set, each with an expression on `body`, the parsed answer. */
  saves?: Record<string, string>;
  /** Lines of a program to run before the request. */
  before?: string[];
}

/** A folder of requests, which run in their order. */
export interface Chapter {
  name: string;
  description: string;
  steps: Step[];
}
