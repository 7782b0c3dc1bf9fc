/**
 * The messages of a chat that somebody can see. Numbers have no holes, so pages and totals need arithmetic
 * instead of a skip; only the hidden numbers have to be stepped over.
 */
export interface Visible {
  /** Number of the newest message, seen or not. */
  headSeq: number;
  /** Nothing is seen up to this number. */
  floor: number;
  /** Numbers above it that are hidden, newest first. */
  hidden: number[];
}

/**
 * What is visible of a chat.
 *
 * @param hidden all hidden numbers, newest first.
 */
export const visibleOf = (headSeq: number, floor: number, hidden: number[]): Visible => ({
  headSeq,
  floor,
  hidden: hidden.filter((seq) => seq > floor),
});

/** How many visible messages have a higher number; the floor and all below it count alike. */
export const countAbove = (seq: number, { headSeq, floor, hidden }: Visible): number => {
  const from = Math.max(seq, floor);
  return Math.max(0, headSeq - from - hidden.filter((number) => number > from).length);
};

/** The largest number with exactly `offset` visible messages above it. */
export const boundaryBelow = ({ headSeq, hidden }: Visible, offset: number): number => {
  let boundary = headSeq - offset;
  for (const seq of hidden) {
    if (seq <= boundary) break;
    boundary -= 1;
  }
  return Math.max(0, boundary);
};

/**
 * Whether there is more beyond some messages in the direction in which they were read: newer ones `after` a
 * number, on either side `around` one, else older ones.
 */
export const hasMoreBeyond = (
  found: { seq: number }[],
  { after, around }: { after?: number; around?: number },
  visible: Visible,
): boolean => {
  const oldest = found[0]?.seq ?? around ?? 0;
  const newest = found.at(-1)?.seq ?? around ?? Infinity;
  const hasOlder = countAbove(0, visible) > countAbove(oldest - 1, visible);
  const hasNewer = countAbove(newest, visible) > 0;
  if (around !== undefined) return hasOlder || hasNewer;
  return after === undefined ? hasOlder : hasNewer;
};
