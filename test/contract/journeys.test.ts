/** docs/journeys.md lists files that are there, and the table of docs/architecture.md counts these lists. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const WRITE = '**write**';

interface Step {
  path: string;
  isReturn: boolean;
  /** Of a kind that the review left out. */
  isMarked: boolean;
}

/** The steps of each journey by its name; the write of the journey is a step without a path. */
const journeys = new Map(
  [
    ...readFileSync('docs/journeys.md', 'utf8').matchAll(/^\*\*([^*]+)\*\* \([^)]*\): (.*)\.$/gm),
  ].map(([, name, route]) => [
    name!,
    route!.split(' → ').map((step): Step => {
      if (step === WRITE) return { path: '', isReturn: false, isMarked: false };
      const [, back, path, mark] = /^(↩ )?`([^`]+)`(°?)$/.exec(step) ?? [];
      if (!path) throw new Error(`This is no step: ${step}`);
      return { path, isReturn: back !== undefined, isMarked: mark === '°' };
    }),
  ]),
);

/** The numbers of each journey by its name: files, to the write, returns, without what is marked. */
const table = new Map(
  [
    ...readFileSync('docs/architecture.md', 'utf8')
      .split('## How many files a reader passes')[1]!
      .split('\n## ', 1)[0]!
      .matchAll(/^\| ([^|]+?) +\| (\d+) +\| (\d+|–) +\| (\d+) +\| (\d+) +\|/gm),
  ].map(([, name, ...numbers]) => [name!, numbers.slice(0, 4).join(' ')]),
);

const fileOf = (path: string): string =>
  path.startsWith('client/') ? path.replace('client/', 'packages/client/src/') : `src/${path}`;

describe('the journeys', () => {
  it('are those of the table', () => {
    expect(journeys.size).toBeGreaterThan(5);
    expect([...journeys.keys()]).toEqual([...table.keys()]);
  });

  it.each([...journeys])(
    '%s passes files that are there, as often as the table says',
    (name, steps) => {
      const seen: Step[] = [];
      let toWrite: number | undefined;
      let returns = 0;
      for (const step of steps) {
        const isKnown = seen.some(({ path }) => path === step.path);
        if (step.path === '') toWrite = seen.length;
        else {
          expect([step.path, existsSync(fileOf(step.path)), isKnown]).toEqual([
            step.path,
            true,
            step.isReturn,
          ]);
          if (step.isReturn) returns += 1;
          else seen.push(step);
        }
      }
      const counted = seen.filter(({ isMarked }) => !isMarked).length;
      expect(table.get(name)).toBe(`${seen.length} ${toWrite ?? '–'} ${returns} ${counted}`);
    },
  );
});
