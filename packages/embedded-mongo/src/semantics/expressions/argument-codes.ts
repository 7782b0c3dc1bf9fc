/** MongoDB's codes for what is wrong with the named arguments of an operator. */
export interface ArgumentCodes {
  /** The arguments are no object. */
  notObject: number;
  /** The object has a member of another name. */
  unknown: number;
  /** A member is missing that must be there, by its name. */
  missing: Readonly<Record<string, number>>;
}

const same = (names: readonly string[], codes: ArgumentCodes): Record<string, ArgumentCodes> =>
  Object.fromEntries(names.map((name) => [name, codes]));

/** The codes by operator; MongoDB numbers them operator by operator. */
export const ARGUMENT_CODES: Readonly<Record<string, ArgumentCodes>> = {
  $map: { notObject: 16878, unknown: 16879, missing: { input: 16880, in: 16882 } },
  $filter: { notObject: 28646, unknown: 28647, missing: { input: 28648, cond: 28650 } },
  $reduce: {
    notObject: 40075,
    unknown: 40076,
    missing: { input: 40077, initialValue: 40078, in: 40079 },
  },
  $let: { notObject: 16874, unknown: 16875, missing: { vars: 16876, in: 16877 } },
  $zip: { notObject: 34460, unknown: 34464, missing: { inputs: 34465 } },
  $sortArray: {
    notObject: 2942500,
    unknown: 2942501,
    missing: { input: 2942502, sortBy: 2942503 },
  },
  ...same(['$firstN', '$lastN', '$maxN', '$minN'], {
    notObject: 5787900,
    unknown: 5787901,
    missing: { n: 5787906, input: 5787907 },
  }),
  $cond: { notObject: 17080, unknown: 17083, missing: { if: 17080, then: 17081, else: 17082 } },
  $switch: { notObject: 40060, unknown: 40067, missing: { branches: 40068 } },
  'a branch of $switch': {
    notObject: 40062,
    unknown: 40063,
    missing: { case: 40064, then: 40065 },
  },
  $getField: { notObject: 3041701, unknown: 3041701, missing: { field: 3041702, input: 3041703 } },
  ...same(['$setField', '$unsetField'], {
    notObject: 4161100,
    unknown: 4161101,
    missing: { field: 4161102, value: 4161103, input: 4161109 },
  }),
  $rand: { notObject: 10065, unknown: 3040501, missing: {} },
  ...same(['$trim', '$ltrim', '$rtrim'], {
    notObject: 50696,
    unknown: 50694,
    missing: { input: 50695 },
  }),
  ...same(['$regexMatch', '$regexFind', '$regexFindAll'], {
    notObject: 51103,
    unknown: 31024,
    missing: { input: 31022, regex: 31023 },
  }),
  ...same(['$replaceOne', '$replaceAll'], {
    notObject: 51751,
    unknown: 51750,
    missing: { input: 51749, find: 51748, replacement: 51747 },
  }),
  $convert: { notObject: 9, unknown: 9, missing: { input: 9, to: 9 } },
  $dateToString: { notObject: 18629, unknown: 18534, missing: { date: 18628 } },
  $dateFromString: { notObject: 40540, unknown: 40541, missing: { dateString: 40542 } },
  $dateToParts: { notObject: 40524, unknown: 40520, missing: { date: 40522 } },
  $dateFromParts: { notObject: 40519, unknown: 40518, missing: { year: 40516 } },
  ...same(['$dateAdd', '$dateSubtract'], {
    notObject: 5166400,
    unknown: 5166401,
    missing: { startDate: 5166402, unit: 5166402, amount: 5166402 },
  }),
  $dateDiff: {
    notObject: 5166301,
    unknown: 5166302,
    missing: { startDate: 5166303, endDate: 5166304, unit: 5166305 },
  },
  $dateTrunc: { notObject: 5439007, unknown: 5439008, missing: { date: 5439009, unit: 5439010 } },
};

/** The codes of the parts of a date, from `$year` to `$millisecond`, which take an object or a date. */
export const DATE_PART_CODES: ArgumentCodes = {
  notObject: 40535,
  unknown: 40535,
  missing: { date: 40539 },
};
