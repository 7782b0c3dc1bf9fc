import { mongoError } from '../../errors.js';
import { isDocument } from '../bson-types.js';
import type { BsonDocument, BsonValue } from '../bson-types.js';
import { describeDocument } from '../describe.js';
import { compileFilter } from '../filter.js';
import { filterIdentifier } from './update-tree.js';
import type { ElementTest } from './update-tree.js';

/**
 * Compiles the `arrayFilters` of an update.
 * @param paths the paths of the update, which must use each filter and name no other
 */
export function compileArrayFilters(
  filters: readonly BsonValue[],
  paths: readonly string[],
  update: BsonDocument,
): ReadonlyMap<string, ElementTest> {
  const tests = new Map<string, ElementTest>();
  for (const filter of filters) {
    if (!isDocument(filter)) {
      throw mongoError('TypeMismatch', 'arrayFilters elements must be objects');
    }
    const identifier = identifierOf(filter);
    if (identifier === undefined) {
      throw mongoError(
        'FailedToParse',
        'Cannot use an expression without a top-level field name in arrayFilters',
      );
    }
    if (tests.has(identifier)) {
      throw mongoError(
        'FailedToParse',
        `Found multiple array filters with the same top-level field name ${identifier}`,
      );
    }
    const matches = compileFilter(filter);
    tests.set(identifier, (element) => matches({ [identifier]: element }));
  }
  checkUse(tests, paths, update);
  return tests;
}

function identifierOf(filter: BsonDocument): string | undefined {
  const names = new Set(topLevelNames(filter));
  const [first, second] = names;
  if (first !== undefined && second !== undefined) {
    throw mongoError(
      'FailedToParse',
      `Error parsing array filter :: caused by :: Expected a single top-level field name, found '${first}' and '${second}'`,
    );
  }
  if (first !== undefined && !/^[a-z][a-zA-Z0-9]*$/.test(first)) {
    throw mongoError(
      'BadValue',
      `Error parsing array filter :: caused by :: The top-level field name must be an alphanumeric string beginning with a lowercase letter, found '${first}'`,
    );
  }
  return first;
}

function topLevelNames(filter: BsonDocument): string[] {
  return Object.keys(filter).flatMap((name) => {
    const operand = filter[name];
    if (!name.startsWith('$')) return [name.split('.')[0]!];
    return Array.isArray(operand) ? operand.filter(isDocument).flatMap(topLevelNames) : [];
  });
}

function checkUse(
  tests: ReadonlyMap<string, ElementTest>,
  paths: readonly string[],
  update: BsonDocument,
): void {
  const used = new Set<string>();
  for (const path of paths) {
    for (const part of path.split('.')) {
      const identifier = filterIdentifier(part);
      if (!identifier) continue;
      if (!tests.has(identifier)) {
        throw mongoError(
          'BadValue',
          `No array filter found for identifier '${identifier}' in path '${path}'`,
        );
      }
      used.add(identifier);
    }
  }
  const unused = [...tests.keys()].find((identifier) => !used.has(identifier));
  if (unused !== undefined) {
    throw mongoError(
      'FailedToParse',
      `The array filter for identifier '${unused}' was not used in the update ${describeDocument(update)}`,
    );
  }
}
