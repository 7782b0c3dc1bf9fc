/**
 * Where random choices begin, so that every run makes the same ones and a failure stays one. Other choices,
 * and more of them, are tried by hand: `TEST_SEED=$RANDOM TEST_RUNS=20 npm run jest -- state-equivalence`.
 */
export const SEED = Number(process.env.TEST_SEED ?? 20_261_121);

const MULTIPLE = Number(process.env.TEST_RUNS ?? 1);
/** Set by `npm run verify`, which takes its time. */
const IS_THOROUGH = process.env.TEST_THOROUGH === 'true';

/**
 * How many random cases to try: `TEST_RUNS` times what is usual.
 *
 * @param thorough what is usual in `npm run verify`, where a case costs much; `npm test` tries fewer.
 */
export const runs = (usual: number, thorough = usual): number =>
  (IS_THOROUGH ? thorough : usual) * MULTIPLE;
