import { Binary, Decimal128, Double, Int32, Long, ObjectId } from 'bson';
import fc from 'fast-check';
import type { Document } from 'mongodb';
import type {
  AggregateCase,
  BatchCase,
  Case,
  CaseIndex,
  FindCase,
  UpdateCase,
} from './case.types.js';

/**
 * Few names and few values, so that filters find something and paths meet.
 */
const FIELDS = ['a', 'b', 'c'] as const;

const OBJECT_IDS = ['64b000000000000000000001', '64b000000000000000000002'].map(
  (hex) => new ObjectId(hex),
);

const int = fc.integer({ min: -2, max: 4 }).map((value) => new Int32(value));
const double = fc.constantFrom(-1.5, -0, 0, 0.5, 1, 2, 2.5, 1e20).map((value) => new Double(value));
const long = fc.constantFrom(0, 1, 2, 3, 2 ** 40).map((value) => Long.fromNumber(value));
const decimal = fc.constantFrom('0', '1', '2.5', '-3').map((text) => Decimal128.fromString(text));

/** Numbers of all four types. */
export const number = fc.oneof(
  { weight: 5, arbitrary: int },
  { weight: 2, arbitrary: double },
  { weight: 2, arbitrary: long },
  { weight: 1, arbitrary: decimal },
);

const text = fc.constantFrom('', 'a', 'b', 'ab', 'Ab', 'abc', 'z', 'é', '\u{1F600}');

/** Values that hold no others. */
export const scalar = fc.oneof(
  { weight: 6, arbitrary: number },
  { weight: 4, arbitrary: text },
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 2, arbitrary: fc.boolean() },
  { weight: 1, arbitrary: fc.constantFrom(0, 1_600_000_000_000).map((time) => new Date(time)) },
  { weight: 1, arbitrary: fc.constantFrom(...OBJECT_IDS) },
  { weight: 1, arbitrary: fc.constantFrom('', 'xy').map((data) => new Binary(Buffer.from(data))) },
);

const { value, embedded } = fc.letrec<{ value: unknown; embedded: Document; list: unknown[] }>(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 6, arbitrary: scalar },
      { weight: 2, arbitrary: tie('embedded') },
      { weight: 3, arbitrary: tie('list') },
    ),
    embedded: fc
      .uniqueArray(fc.tuple(fc.constantFrom(...FIELDS), tie('value')), {
        maxLength: 2,
        selector: ([name]) => name,
      })
      .map((entries) => Object.fromEntries(entries) as Document),
    list: fc.array(tie('value'), { maxLength: 3 }),
  }),
);

/** Documents with the ids 0, 1, 2, … */
export const documents = fc
  .array(embedded, { minLength: 1, maxLength: 6 })
  .map((list) =>
    list.map((document, index) => ({ _id: new Int32(index), ...document }) as Document),
  );

const topPath = fc.constantFrom(...FIELDS);
const anyPath = fc.constantFrom(
  'a',
  'a',
  'b',
  'c',
  'a.b',
  'a.c',
  'b.a',
  'b.c',
  'c.a',
  'a.b.c',
  'a.0',
  'a.1',
  'a.0.b',
  'b.1.a',
);

const oneKey = <T>(keys: fc.Arbitrary<string>, values: fc.Arbitrary<T>) =>
  fc.tuple(keys, values).map(([key, content]) => ({ [key]: content }) as Document);

const comparison = oneKey(fc.constantFrom('$gt', '$gte', '$lt', '$lte'), fc.oneof(scalar, value));
const equality = oneKey(fc.constantFrom('$eq', '$ne'), value);
const membership = oneKey(fc.constantFrom('$in', '$nin'), fc.array(value, { maxLength: 3 }));
const types = oneKey(
  fc.constant('$type'),
  fc.constantFrom<unknown>('int', 'number', 'string', 'array', 'object', 'null', 'bool', 2, [
    'date',
    'double',
  ]),
);
const pattern = fc
  .tuple(fc.constantFrom('^a', 'b', 'B$', 'a.c', '^$'), fc.constantFrom('', 'i'))
  .map(([$regex, $options]) => ({ $regex, $options }) as Document);

const simpleOperators = fc.oneof(
  comparison,
  equality,
  membership,
  types,
  pattern,
  oneKey(fc.constant('$exists'), fc.boolean()),
  oneKey(fc.constant('$size'), fc.integer({ min: 0, max: 3 })),
  oneKey(
    fc.constant('$mod'),
    fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 2 })),
  ),
  oneKey(fc.constant('$all'), fc.array(value, { minLength: 1, maxLength: 2 })),
  oneKey(fc.constantFrom('$bitsAllSet', '$bitsAnyClear'), fc.integer({ min: 0, max: 7 })),
  fc.tuple(comparison, comparison).map(([left, right]) => ({ ...left, ...right })),
);

const elemMatch = oneKey(
  fc.constant('$elemMatch'),
  fc.oneof(simpleOperators, oneKey(topPath, fc.oneof(value, simpleOperators))),
);

const operators = fc.oneof(
  { weight: 6, arbitrary: simpleOperators },
  { weight: 1, arbitrary: elemMatch },
  { weight: 1, arbitrary: oneKey(fc.constant('$not'), fc.oneof(simpleOperators, elemMatch)) },
);

const { filter } = fc.letrec<{ filter: Document; clause: Document }>((tie) => ({
  clause: fc.oneof(
    { maxDepth: 2 },
    { weight: 4, arbitrary: oneKey(anyPath, operators) },
    { weight: 2, arbitrary: oneKey(anyPath, value) },
    { weight: 1, arbitrary: oneKey(fc.constant('_id'), fc.oneof(int, comparison, membership)) },
    {
      weight: 1,
      arbitrary: oneKey(
        fc.constantFrom('$and', '$or', '$nor'),
        fc.array(tie('filter'), { minLength: 1, maxLength: 2 }),
      ),
    },
  ),
  filter: fc.oneof(
    { weight: 3, arbitrary: tie('clause') },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie('clause'), tie('clause'))
        .map(([left, right]) => ({ ...left, ...right })),
    },
  ),
}));

const direction = fc.constantFrom(1, -1);
const sortPath = fc.constantFrom('a', 'b', 'c', 'a.b', 'b.c');

const sort = fc.oneof(
  oneKey(sortPath, direction),
  fc
    .uniqueArray(fc.tuple(sortPath, direction), {
      minLength: 2,
      maxLength: 2,
      selector: ([path]) => path,
    })
    .map((fields) => Object.fromEntries(fields) as Document),
);

const indexKey = fc.oneof(
  { weight: 3, arbitrary: sort },
  { weight: 1, arbitrary: oneKey(fc.constantFrom('a.0', 'a.b.c', '_id'), direction) },
);

const indexOptions = fc.constantFrom<Omit<CaseIndex, 'key'>>(
  {},
  {},
  { sparse: true },
  { partialFilterExpression: { b: { $exists: true } } },
  { partialFilterExpression: { a: { $gte: 0 } } },
  { partialFilterExpression: { a: { $type: 'string' } } },
  { partialFilterExpression: { c: 'a', a: { $exists: true } } },
);

const indexes: fc.Arbitrary<CaseIndex[]> = fc.array(
  fc
    .tuple(indexKey, indexOptions)
    .map(([key, options]) => ('_id' in key ? { key } : { key, ...options })),
  { maxLength: 3 },
);

const flagProjection = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'a.b', 'a.c', 'b.a'), {
      minLength: 1,
      maxLength: 3,
      comparator: (left, right) => left.startsWith(right) || right.startsWith(left),
    }),
    fc.boolean(),
    fc.constantFrom<number | undefined>(undefined, undefined, 0),
  )
  .map(([paths, included, id]) => ({
    ...Object.fromEntries(paths.map((path) => [path, included ? 1 : 0])),
    ...(id !== undefined && { _id: id }),
  }));

const projection: fc.Arbitrary<Document> = fc.oneof(
  { weight: 4, arbitrary: flagProjection },
  {
    weight: 1,
    arbitrary: oneKey(
      topPath,
      oneKey(
        fc.constant('$slice'),
        fc.oneof<fc.Arbitrary<unknown>[]>(
          fc.integer({ min: -2, max: 2 }),
          fc.tuple(fc.integer({ min: -2, max: 2 }), fc.integer({ min: 1, max: 2 })),
        ),
      ),
    ),
  },
  { weight: 1, arbitrary: oneKey(topPath, elemMatch) },
);

/** A copy with each array replaced by its first element. */
function withoutArrays<T>(content: T): T {
  if (Array.isArray(content)) return withoutArrays((content[0] ?? null) as T);
  if (content === null || Object.getPrototypeOf(content) !== Object.prototype) return content;
  const entries = Object.entries(content as object);
  return Object.fromEntries(entries.map(([name, inner]) => [name, withoutArrays(inner)])) as T;
}

/**
 * Documents on whose order by one or two fields all servers agree: with empty arrays, and with two
 * arrays in one document, they don't.
 */
function sortable(list: Document[], order: Document | null | undefined): Document[] {
  if (!order) return list;
  const simplify = Object.keys(order).length > 1 ? withoutArrays : withoutEmptyArrays;
  return list.map((document) => simplify(document));
}

/** A copy with something in each array. */
function withoutEmptyArrays<T>(content: T): T {
  if (Array.isArray(content)) {
    return (content.length > 0 ? content.map(withoutEmptyArrays) : [new Int32(0)]) as T;
  }
  if (content === null || Object.getPrototypeOf(content) !== Object.prototype) return content;
  const entries = Object.entries(content as object);
  return Object.fromEntries(entries.map(([name, inner]) => [name, withoutEmptyArrays(inner)])) as T;
}

/** Queries. */
export const findCase: fc.Arbitrary<FindCase> = fc
  .record(
    {
      kind: fc.constant('find' as const),
      documents,
      indexes,
      filter,
      sort,
      projection,
      skip: fc.integer({ min: 1, max: 2 }),
      limit: fc.integer({ min: 1, max: 3 }),
      distinct: topPath,
      batchSize: fc.integer({ min: 1, max: 3 }),
    },
    { requiredKeys: ['kind', 'documents', 'indexes', 'filter'] },
  )
  .map((query) => ({
    ...query,
    documents: sortable(query.documents, query.sort),
  }));

const updatePath = fc.constantFrom(
  'a',
  'b',
  'c',
  'a.b',
  'b.c',
  'a.b.c',
  'a.0',
  'b.1',
  'a.0.b',
  'c.4',
);

/** DocumentDB makes the fields above an array position, also for operators that only take away. */
const removalPath = fc.constantFrom('a', 'b', 'c', 'a.b', 'b.c');

const pushOperand = fc.oneof(
  value,
  fc
    .record(
      {
        $each: fc.array(value, { minLength: 1, maxLength: 3 }),
        $position: fc.integer({ min: -2, max: 3 }),
        $slice: fc.constantFrom(-2, -1, 1, 2),
        $sort: fc.oneof<fc.Arbitrary<unknown>[]>(direction, oneKey(topPath, direction)),
      },
      { requiredKeys: ['$each'] },
    )
    .map((operand) => operand as unknown),
);

const updateOperator: fc.Arbitrary<Document> = fc.oneof(
  oneKey(fc.constantFrom('$set', '$setOnInsert', '$min', '$max'), oneKey(updatePath, value)),
  oneKey(fc.constant('$unset'), oneKey(fc.constantFrom('a', 'b', 'c', 'a.0'), fc.constant(''))),
  oneKey(fc.constant('$inc'), oneKey(updatePath, number)),
  oneKey(fc.constant('$mul'), oneKey(updatePath, fc.oneof(int, long))),
  oneKey(fc.constant('$rename'), oneKey(topPath, fc.constantFrom('d', 'b'))),
  oneKey(fc.constant('$push'), oneKey(updatePath, pushOperand)),
  oneKey(
    fc.constant('$addToSet'),
    oneKey(
      updatePath,
      fc.oneof(
        value,
        oneKey(fc.constant('$each'), fc.array(value, { minLength: 1, maxLength: 3 })),
      ),
    ),
  ),
  oneKey(
    fc.constant('$bit'),
    oneKey(updatePath, oneKey(fc.constantFrom('and', 'or', 'xor'), fc.oneof(int, long))),
  ),
);

const removal: fc.Arbitrary<Document> = fc.oneof(
  // DocumentDB takes the empty document for every element, MongoDB for every document.
  oneKey(
    fc.constant('$pull'),
    oneKey(
      removalPath,
      fc.oneof(
        value.filter((one) => JSON.stringify(one) !== '{}'),
        simpleOperators,
      ),
    ),
  ),
  oneKey(fc.constant('$pullAll'), oneKey(removalPath, fc.array(value, { maxLength: 2 }))),
  oneKey(fc.constant('$pop'), oneKey(removalPath, direction)),
);

/** The path that an operator fills. */
function pathOf(operator: Document): string {
  const [path, operand] = Object.entries(Object.values(operator)[0] as Document)[0]!;
  return '$rename' in operator ? String(operand) : path;
}

const byPath = (left: Document, right: Document) => (pathOf(left) < pathOf(right) ? -1 : 1);

const operatorUpdate = fc.oneof(
  { weight: 3, arbitrary: updateOperator },
  { weight: 1, arbitrary: removal },
  {
    weight: 1,
    arbitrary: fc
      .tuple(updateOperator, updateOperator)
      // MongoDB adds new fields in the order of their names, DocumentDB in that of the operators.
      .map((pair) => Object.assign({}, ...pair.sort(byPath)) as Document),
  },
);

const plainUpdate = fc.record({ update: operatorUpdate, filter });

const everyElementUpdate = fc.record({
  update: oneKey(
    fc.constantFrom('$set', '$inc'),
    oneKey(fc.constantFrom('a.$[]', 'a.$[].b', 'b.$[]'), number),
  ),
  filter,
});

/** A comparison that no missing field meets: servers differ on what that means in an array. */
const aboveNull = oneKey(fc.constantFrom('$gt', '$gte', '$lt', '$lte'), number);

const filteredElementUpdate = fc.record({
  update: oneKey(
    fc.constantFrom('$set', '$inc', '$mul'),
    oneKey(fc.constantFrom('a.$[x]', 'a.$[x].b'), fc.oneof(int, long)),
  ),
  arrayFilters: fc.array(
    fc.oneof(
      oneKey(fc.constant('x'), simpleOperators),
      oneKey(fc.constantFrom('x.b', 'x.c'), aboveNull),
    ),
    { minLength: 1, maxLength: 1 },
  ),
  filter,
});

const positionalUpdate = fc.record({
  update: oneKey(
    fc.constantFrom('$set', '$inc'),
    // DocumentDB counts adding nothing as a change here.
    oneKey(
      fc.constantFrom('a.$', 'a.$.b'),
      number.filter((amount) => Number(amount) !== 0),
    ),
  ),
  filter: fc.oneof(
    oneKey(fc.constant('a'), fc.oneof(scalar, aboveNull, elemMatch)),
    // The array is `a` itself, not one within a document there.
    oneKey(fc.constantFrom('a.b', 'a.c'), fc.oneof(number, text, aboveNull)).map((condition) => ({
      $nor: [{ a: { $not: { $type: 'array' } } }],
      ...condition,
    })),
  ),
});

/** Whether an update uses the positional operator. */
const usesPosition = (update: Document | Document[]) => /\.\$[".]/.test(JSON.stringify(update));

/** A copy without arrays in arrays: MongoDB's `$` is the index in the outermost one. */
function flatArrays(document: Document): Document {
  const entries = Object.entries(document).map(([name, content]) => [
    name,
    Array.isArray(content) ? content.map(withoutArrays) : content,
  ]);
  return Object.fromEntries(entries) as Document;
}

/** Operators whose effect on a missing field is the same on every server. */
const CREATING_OPERATORS = new Set([
  '$set',
  '$setOnInsert',
  '$inc',
  '$mul',
  '$min',
  '$max',
  '$push',
  '$addToSet',
]);

const reference = fc.constantFrom('$a', '$b', '$c', '$a.b', '$b.c', '$_id');

const literal = scalar.map(($literal) => ({ $literal }) as unknown);

const integer = fc.oneof(int, long);

/** An operand and a number, so that the order in which operands are checked does not show. */
const withNumber = (operand: fc.Arbitrary<unknown>) =>
  fc.oneof(fc.tuple(operand, integer), fc.tuple(integer, operand)) as fc.Arbitrary<unknown>;

const { expression } = fc.letrec<{ expression: unknown }>((tie) => {
  const both = fc.tuple(tie('expression'), tie('expression'));
  const operator = (names: string[], operand: fc.Arbitrary<unknown>) =>
    oneKey(fc.constantFrom(...names), operand) as fc.Arbitrary<unknown>;
  return {
    expression: fc.oneof(
      { maxDepth: 3 },
      { weight: 5, arbitrary: reference as fc.Arbitrary<unknown> },
      { weight: 3, arbitrary: literal },
      {
        weight: 2,
        arbitrary: operator(['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$cmp'], both),
      },
      { weight: 1, arbitrary: operator(['$ifNull'], fc.tuple(reference, literal)) },
      // Of references only: who sees that a constant decides need not compute the rest.
      { weight: 1, arbitrary: operator(['$and', '$or'], fc.tuple(reference, reference)) },
      {
        weight: 1,
        arbitrary: operator(
          ['$not', '$isArray', '$type', '$isNumber'],
          fc.array(tie('expression'), { minLength: 1, maxLength: 1 }),
        ),
      },
      {
        weight: 1,
        arbitrary: operator(
          ['$cond'],
          fc.tuple(tie('expression'), tie('expression'), tie('expression')),
        ),
      },
      {
        weight: 2,
        arbitrary: operator(
          ['$add', '$subtract', '$multiply', '$mod', '$divide'],
          withNumber(tie('expression')),
        ),
      },
      {
        weight: 1,
        arbitrary: operator(
          [
            '$abs',
            '$ceil',
            '$floor',
            '$toString',
            '$toInt',
            '$toLong',
            '$toDouble',
            '$toUpper',
            '$toLower',
            '$size',
            '$first',
            '$last',
            '$reverseArray',
            '$objectToArray',
            '$strLenCP',
            '$strLenBytes',
            '$sum',
            '$avg',
            '$min',
            '$max',
          ],
          tie('expression'),
        ),
      },
      {
        weight: 1,
        arbitrary: operator(
          [
            '$concatArrays',
            '$setUnion',
            '$setIntersection',
            '$setDifference',
            '$concat',
            '$in',
            '$arrayElemAt',
            '$mergeObjects',
            '$setIsSubset',
            '$setEquals',
            '$split',
          ],
          both,
        ),
      },
      {
        weight: 1,
        arbitrary: fc
          .record({
            input: reference,
            in: fc.constantFrom<unknown>('$$this', '$$this.a', { $eq: ['$$this', 1] }),
          })
          .map(($map) => ({ $map }) as unknown),
      },
      {
        weight: 1,
        arbitrary: fc
          .record({
            input: reference,
            cond: fc.constantFrom<unknown>('$$this', { $gt: ['$$this', 1] }),
          })
          .map(($filter) => ({ $filter }) as unknown),
      },
    ),
  };
});

const stage: fc.Arbitrary<Document> = fc.oneof(
  filter.map(($match) => ({ $match })),
  flagProjection.map(($project) => ({ $project })),
  oneKey(
    fc.constantFrom('$addFields', '$set'),
    oneKey(
      fc.constantFrom('a', 'd'),
      expression.filter((content) => typeof content !== 'string'),
    ),
  ),
  fc
    .tuple(fc.constantFrom('d', 'e'), expression)
    .map(([name, content]) => ({ $project: { [name]: content, a: 1 } })),
  fc.constantFrom('a', 'b', 'a.b').map(($unset) => ({ $unset })),
  fc
    .record(
      {
        path: fc.constantFrom('$a', '$b', '$a.b'),
        preserveNullAndEmptyArrays: fc.boolean(),
        includeArrayIndex: fc.constantFrom('i', 'j.k'),
      },
      { requiredKeys: ['path'] },
    )
    .map(($unwind) => ({ $unwind })),
  fc.constant({ $replaceRoot: { newRoot: { was: '$$ROOT', _id: '$_id' } } }),
);

/** One stage: DocumentDB draws neighbours together, and an update has no room for a barrier. */
const pipelineUpdate = fc.record({
  update: fc
    .oneof<fc.Arbitrary<Document>[]>(
      oneKey(fc.constantFrom('$set', '$addFields'), oneKey(fc.constantFrom('a', 'd'), expression)),
      fc.constantFrom('a', 'b', '_id').map(($unset) => ({ $unset })),
      fc
        .constantFrom<Document>({ _id: 0, a: 1 }, { b: 1 }, { c: 0 })
        .map(($project) => ({ $project })),
      fc
        .constantFrom<unknown>('$b', { z: '$a' }, { $mergeObjects: ['$b', { y: 1 }] }, '$$ROOT')
        .map(($replaceWith) => ({ $replaceWith })),
    )
    .map((only) => [only]),
  filter,
});

/** Updates of all forms. */
export const updateCase: fc.Arbitrary<UpdateCase> = fc
  .tuple(
    documents,
    // Two arrays can't share an index, so an update could fail on one side only.
    indexes.map((list) => list.filter(({ key }) => Object.keys(key).length === 1)),
    fc.boolean(),
    fc.boolean(),
    fc.oneof<fc.Arbitrary<Pick<UpdateCase, 'update' | 'filter' | 'arrayFilters'>>[]>(
      plainUpdate,
      plainUpdate,
      plainUpdate,
      everyElementUpdate,
      filteredElementUpdate,
      positionalUpdate,
      pipelineUpdate,
    ),
  )
  .map(([docs, indexSet, multi, upsert, parts]) => ({
    kind: 'update' as const,
    documents: usesPosition(parts.update) ? docs.map(flatArrays) : docs,
    indexes: indexSet,
    multi,
    // An upserted document without an _id would get a random one.
    upsert:
      upsert &&
      parts.filter['_id'] instanceof Int32 &&
      Object.keys(parts.update).every((operator) => CREATING_OPERATORS.has(operator)),
    ...parts,
  }));

const topReference = fc.constantFrom('$a', '$b', '$c');

const groupField = fc.oneof(
  oneKey(fc.constantFrom('$sum', '$push'), fc.oneof(topReference, fc.constant(1))),
  oneKey(fc.constantFrom('$avg', '$min', '$max'), fc.constant('$_id')),
);

const finalStage: fc.Arbitrary<Document> = fc.oneof(
  fc
    .tuple(fc.oneof(topReference, fc.constant(null)), groupField, groupField)
    .map(([_id, x, y]) => ({ $group: { _id, x, y } })),
  fc
    .record({
      from: fc.constantFrom('others', 'nowhere'),
      localField: fc.constantFrom('a', 'b', 'a.b'),
      foreignField: fc.constantFrom('a', 'b', '_id'),
      as: fc.constantFrom('found', 'a'),
    })
    .map(($lookup) => ({ $lookup })),
  fc.constant({ $out: 'others' }),
  fc
    .record({
      into: fc.constant('others'),
      whenMatched: fc.constantFrom('replace', 'merge', 'keepExisting'),
      whenNotMatched: fc.constant('insert'),
    })
    .map(($merge) => ({ $merge })),
);

const cut: fc.Arbitrary<Document> = fc.oneof(
  fc.integer({ min: 1, max: 3 }).map(($limit) => ({ $limit })),
  fc.integer({ min: 0, max: 2 }).map(($skip) => ({ $skip })),
);

/** Keeps DocumentDB from drawing neighbouring stages together, which it does not always do right. */
const BARRIER: Document = { $limit: 1000 };

/** Whether a stage can fail; DocumentDB leaves out what a later stage does not use. */
const isComputing = (one: Document) =>
  ['$addFields', '$set', '$project'].some((name) => name in one);

/** Aggregations. */
export const aggregateCase: fc.Arbitrary<AggregateCase> = fc
  .record({
    documents,
    others: documents,
    indexes,
    match: fc.option(filter),
    order: fc.option(sort),
    cuts: fc.array(cut, { maxLength: 2 }),
    stages: fc.array(stage, { maxLength: 3 }),
    last: fc.option(finalStage),
  })
  .map(({ documents: docs, match, order, cuts, stages, last, ...rest }) => ({
    kind: 'aggregate' as const,
    documents: sortable(docs, order),
    pipeline: [
      ...(match ? [{ $match: match }] : []),
      { $sort: { ...order, _id: 1 } },
      ...cuts,
      ...stages
        .filter((one) => !last || !isComputing(one))
        // DocumentDB can't merge two results into one document.
        .filter((one) => !last || !('$merge' in last && '$unwind' in one))
        .flatMap((one) => [one, BARRIER]),
      ...(last ? [last] : []),
    ],
    unordered: last !== null && '$group' in last,
    ...rest,
  }));

/** Values of the field that is unique. */
const uniqueValue = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 2 }).map((n) => new Int32(n)) },
  { weight: 2, arbitrary: fc.constantFrom('a', 'b') },
  { weight: 1, arbitrary: fc.constantFrom(0, 1).map((n) => new Double(n)) },
);
const id = fc.integer({ min: 0, max: 7 }).map((n) => new Int32(n));

const keyed = fc.record(
  { k: fc.oneof({ weight: 5, arbitrary: uniqueValue }, fc.constant(null)), n: int, a: scalar },
  { requiredKeys: ['n'] },
);

/** An operator update without errors of its own, which sets or moves the unique field. */
const keyedUpdate: fc.Arbitrary<Document> = fc.oneof(
  oneKey(fc.constant('$set'), oneKey(fc.constant('k'), uniqueValue)),
  oneKey(fc.constant('$set'), fc.record({ a: scalar, k: uniqueValue, n: int })),
  oneKey(fc.constant('$unset'), oneKey(fc.constantFrom('k', 'a'), fc.constant(''))),
  oneKey(fc.constantFrom('$max', '$min'), oneKey(fc.constant('n'), int)),
  oneKey(
    fc.constant('$inc'),
    oneKey(
      fc.constant('n'),
      fc.constantFrom(-1, 1).map((n) => new Int32(n)),
    ),
  ),
  fc.constant({ $rename: { k: 'a' } }),
);

/** Which document an update of one finds must not be left to chance. */
const oneDocument = fc.oneof(
  oneKey(fc.constant('_id'), id),
  fc.record({ k: uniqueValue, n: int }),
  oneKey(fc.constant('k'), fc.oneof(uniqueValue, oneKey(fc.constant('$eq'), uniqueValue))),
  oneKey(fc.constant('$and'), fc.tuple(oneKey(fc.constant('k'), uniqueValue))),
  oneKey(fc.constant('k'), oneKey(fc.constant('$in'), fc.tuple(uniqueValue))),
);
const manyDocuments = fc.oneof(
  oneKey(fc.constantFrom('n', '_id'), oneKey(fc.constantFrom('$gt', '$lte', '$ne'), int)),
  oneKey(fc.constant('k'), oneKey(fc.constantFrom('$in', '$nin'), fc.array(uniqueValue))),
);

const byId = oneKey(fc.constant('_id'), id);

/**
 * The operation as the `index`-th of a batch. A document upserted without an _id in its filter gets one that
 * no other has: DocumentDB updates a document whose _id is in the way, where MongoDB refuses.
 */
function placed(operation: Document, index: number): Document {
  const update = operation['updateOne'] as Document | undefined;
  if (!update || '_id' in update['filter']) return operation;
  const change = { ...update['update'], $setOnInsert: { _id: new Int32(100 + index) } };
  return { updateOne: { ...update, update: change } };
}

/** @param one finds one document at most */
const operationsOn = (one: fc.Arbitrary<Document>) =>
  fc
    .array(
      fc.oneof(
        {
          weight: 4,
          arbitrary: fc
            .tuple(id, keyed)
            .map(([_id, rest]) => ({ insertOne: { document: { _id, ...rest } } }) as Document),
        },
        {
          weight: 4,
          arbitrary: fc.tuple(one, keyedUpdate, fc.boolean()).map(([wanted, update, upsert]) => ({
            updateOne: { filter: wanted, update, upsert },
          })),
        },
        fc
          .tuple(manyDocuments, keyedUpdate)
          .map(([wanted, update]) => ({ updateMany: { filter: wanted, update } })),
        fc.tuple(byId, keyed, fc.boolean()).map(([wanted, replacement, upsert]) => ({
          replaceOne: { filter: wanted, replacement, upsert },
        })),
        one.map((wanted) => ({ deleteOne: { filter: wanted } })),
        manyDocuments.map((wanted) => ({ deleteMany: { filter: wanted } })),
      ),
      { minLength: 2, maxLength: 12 },
    )
    .map((operations) => operations.map(placed));

/** A unique index, and operations on a collection that has it. */
const uniquely = fc.oneof(
  fc.record({
    unique: fc.constantFrom<Document>(
      {},
      { sparse: true },
      { partialFilterExpression: { k: { $exists: true } } },
    ),
    operations: operationsOn(oneDocument),
  }),
  // Here several documents may have the same value.
  fc.record({
    unique: fc.constant<Document>({ partialFilterExpression: { n: { $gt: 0 } } }),
    operations: operationsOn(byId),
  }),
);

/** Batches of writes. Of one that is not ordered the reference server runs what fails again, at the end. */
export const batchCase: fc.Arbitrary<BatchCase> = fc
  .tuple(
    indexes.map((list) => list.filter(({ key }) => Object.keys(key).length === 1)),
    uniquely,
  )
  .map(([indexSet, { unique, operations }]) => ({
    kind: 'batch' as const,
    documents: [],
    indexes: indexSet,
    unique,
    operations,
  }));

/** Cases of all kinds. */
export const anyCase: fc.Arbitrary<Case> = fc.oneof<fc.Arbitrary<Case>[]>(
  findCase,
  updateCase,
  aggregateCase,
  batchCase,
);
