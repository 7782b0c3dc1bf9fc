/** The server has answered that it will not. */
export class Refusal extends Error {
  constructor(
    message: string,
    /** Seconds after which the same may succeed; undefined: it will not. */
    readonly retryAfter: number | undefined,
  ) {
    super(message);
  }
}
