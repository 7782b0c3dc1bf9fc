/**
 * Where random choices begin, so that every run makes the same ones and a failure stays one. Other choices,
 * and more of them, are tried by hand: `TEST_SEED=$RANDOM TEST_RUNS=20 npm run jest -- state-equivalence`.
 */
export const SEED = Number(process.env.TEST_SEED ?? 20_261_121);

const MULTIPLE = Number(process.env.TEST_RUNS ?? 1);

/** How many random cases to try: `TEST_RUNS` times what is usual. */
export const runs = (usual: number): number => usual * MULTIPLE;
