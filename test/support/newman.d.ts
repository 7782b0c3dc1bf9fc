/** What tests use of newman, which comes without types. */
declare module 'newman' {
  /** A list of newman's that knows how to become plain. */
  interface PropertyList {
    toObject(): Record<string, string>;
  }
  /** A request that was sent, and its answer. */
  export interface Exchange {
    item: { id: string; name: string };
    request: {
      url: { getPath(): string; query: PropertyList };
      body?: {
        mode: string;
        raw?: string;
        formdata?: { all(): { type: string; key: string; value: string }[] };
      };
    };
    response?: { code: number; headers: { get(name: string): string }; text(): string };
  }
  /** What a run has found. */
  export interface Summary {
    run: {
      stats: Record<'requests' | 'assertions', { total: number; failed: number }>;
      failures: { error: { message: string }; source?: { id?: string; name: string } }[];
    };
  }
  interface Options {
    collection: object;
    envVar?: { key: string; value: string }[];
    workingDir?: string;
    reporters?: string[];
  }
  const newman: {
    run(
      options: Options,
      done: (error: Error | null, summary: Summary) => void,
    ): {
      on(event: 'request', listener: (error: Error | null, exchange: Exchange) => void): void;
    };
  };
  export default newman;
}
