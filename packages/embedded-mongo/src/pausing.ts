/** Stands between the items of a stream where a long command lets other commands run. */
export const PAUSE: unique symbol = Symbol('pause');

export type Pause = typeof PAUSE;

/** Items, with pauses between them. */
export type Pausing<T> = Iterable<T | Pause>;

/** Work that pauses where other commands may run, and then returns its result. */
export type Task<T> = Generator<Pause, T, void>;

/** Runs work in one go: whoever calls this lets nobody else run meanwhile. */
export function runToEnd<T>(task: Task<T>): T {
  for (;;) {
    const step = task.next();
    if (step.done === true) return step.value;
  }
}

/** Whether a command is still to be run, step by step, rather than done. */
export function isTask<T extends object>(work: T | Task<T>): work is Task<T> {
  return typeof (work as Partial<Task<T>>).next === 'function';
}

/** All items of a stream. */
export function* collected<T>(items: Pausing<T>): Task<T[]> {
  const all: T[] = [];
  for (const item of items) {
    if (item === PAUSE) yield PAUSE;
    else all.push(item);
  }
  return all;
}

/** The first item of a stream. */
export function* firstOf<T>(items: Pausing<T>): Task<T | undefined> {
  for (const item of items) {
    if (item !== PAUSE) return item;
    yield PAUSE;
  }
  return undefined;
}

/** So many items are sorted, or merged, between two looks at the clock. */
const SORTED_AT_ONCE = 512;

/**
 * Sorts items in place of `Array.prototype.sort`, which can't be interrupted; equal items keep their order.
 * @param isSliceOver whether it is time to let other commands run
 */
export function* sortInSlices<T>(
  items: readonly T[],
  compare: (left: T, right: T) => number,
  isSliceOver: () => boolean,
): Task<T[]> {
  let runs: T[][] = [];
  for (let start = 0; start < items.length; start += SORTED_AT_ONCE) {
    runs.push(items.slice(start, start + SORTED_AT_ONCE).sort(compare));
    if (isSliceOver()) yield PAUSE;
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      const [left, right] = [runs[i]!, runs[i + 1]];
      merged.push(right ? yield* merge(left, right, compare, isSliceOver) : left);
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge<T>(
  left: readonly T[],
  right: readonly T[],
  compare: (left: T, right: T) => number,
  isSliceOver: () => boolean,
): Task<T[]> {
  const merged: T[] = [];
  let [i, j] = [0, 0];
  while (i < left.length && j < right.length) {
    merged.push(compare(left[i]!, right[j]!) <= 0 ? left[i++]! : right[j++]!);
    if (merged.length % SORTED_AT_ONCE === 0 && isSliceOver()) yield PAUSE;
  }
  while (i < left.length) merged.push(left[i++]!);
  while (j < right.length) merged.push(right[j++]!);
  return merged;
}
