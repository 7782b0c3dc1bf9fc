/**
 * docs/tutorial.md shows the code as it is. Each excerpt stands under a line that names its file: `(new)` shows
 * the whole file, `(in part)` lines of it, with a line of its own, an ellipsis, for what is left out.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const TUTORIAL = 'docs/tutorial.md';
/** The feature's own files are shown as wholes. */
const FEATURE = ['src/modules/stars', 'src/api/native/stars'];
/** Where other lines about stars have to be shown. */
const SEARCHED = ['src', 'packages/client/src', 'test/contract/samples', 'test/contract/cases'];
/** As in `star`, `Stars`, `MAX_STARS` or `unstar_message`, but not in `start` or `hostArrived`. */
const ABOUT_STARS = /[Ss]tar(?!t)|STAR(?!T)/;
const ELLIPSIS = '// …';

interface Excerpt {
  file: string;
  isWhole: boolean;
  lines: string[];
}

const read = (path: string): string => readFileSync(path, 'utf8');
const linesOf = (text: string): string[] => text.replace(/\n$/, '').split('\n');
const tutorial = read(TUTORIAL);

const HEADING = /^\[`([^`]+)`\]\(\.\.\/([^)]+)\) \((new|in part)\):$/;

/** Every TypeScript excerpt of the page. */
const excerptsIn = (page: string): Excerpt[] =>
  [...page.matchAll(/^(.*)\n\n```ts\n([^]*?)\n```$/gm)].map(([, heading, code]) => {
    const [, file, target, kind] = HEADING.exec(heading!) ?? [];
    if (!file || file !== target) throw new Error(`This excerpt names no file: ${heading}`);
    return { file, isWhole: kind === 'new', lines: linesOf(code!) };
  });

/** Without the indentation that all of the lines have: the page's formatter takes it away. */
const dedented = (lines: string[]): string[] => {
  const margins = lines.filter((line) => line.trim()).map((line) => line.search(/\S/));
  const margin = Math.min(...margins);
  return lines.map((line) => line.slice(margin));
};

const isSame = (a: string[], b: string[]): boolean =>
  a.length === b.length && a.every((line, index) => line === b[index]);

/** The runs of lines between ellipses. */
const runsOf = (lines: string[]): string[][] => {
  const runs: string[][] = [[]];
  for (const line of lines) {
    if (line.trim() === ELLIPSIS) runs.push([]);
    else runs.at(-1)!.push(line);
  }
  return runs;
};

/** Indexes of the file's lines that the excerpt shows; undefined when it shows anything else. */
const shownLines = ({ isWhole, lines }: Excerpt, file: string[]): number[] | undefined => {
  if (isWhole) return isSame(lines, file) ? file.map((_, index) => index) : undefined;
  const shown: number[] = [];
  let from = 0;
  for (const run of runsOf(lines)) {
    const wanted = dedented(run);
    const last = file.length - run.length;
    let at = from;
    while (at <= last && !isSame(dedented(file.slice(at, at + run.length)), wanted)) at += 1;
    if (run.length === 0 || at > last) return undefined;
    for (let index = at; index < at + run.length; index += 1) shown.push(index);
    from = at + run.length;
  }
  return shown;
};

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name).replaceAll('\\', '/'));

const excerpts = excerptsIn(tutorial);

/** What is wrong between the page and the sources, whose lines `sourceOf` answers. */
const problems = (sourceOf: (file: string) => string[]): string[] => {
  const found: string[] = [];
  const shownIn = new Map<string, Set<number>>();
  for (const excerpt of excerpts) {
    const shown = shownLines(excerpt, sourceOf(excerpt.file));
    if (!shown) found.push(`${excerpt.file} is not as shown`);
    shownIn.set(excerpt.file, new Set([...(shownIn.get(excerpt.file) ?? []), ...(shown ?? [])]));
  }
  for (const file of new Set(SEARCHED.flatMap(filesIn))) {
    for (const [index, line] of sourceOf(file).entries()) {
      if (ABOUT_STARS.test(line) && !shownIn.get(file)?.has(index)) {
        found.push(`${file}:${index + 1} is not shown: ${line.trim()}`);
      }
    }
  }
  return found;
};

describe('the tutorial', () => {
  it('shows code as it stands in the files, and every line about stars', () => {
    expect(problems((file) => linesOf(read(file)))).toEqual([]);
  });

  it('shows each file of the feature as a whole', () => {
    const whole = excerpts.filter(({ isWhole }) => isWhole).map(({ file }) => file);
    expect(whole.sort()).toEqual(FEATURE.flatMap(filesIn).sort());
  });

  it('lists exactly the files that it shows, and those are there', () => {
    const rows = [...tutorial.matchAll(/^\| \[`([^`]+)`\]\(\.\.\/([^)]+)\) +\|/gm)];
    expect(rows.map(([, name]) => name)).toEqual(rows.map(([, , target]) => target));
    expect(rows.map(([, name]) => name).sort()).toEqual(
      [...new Set(excerpts.map(({ file }) => file))].sort(),
    );
    expect(rows.filter(([, name]) => !existsSync(name!))).toEqual([]);
  });

  it('names commands and tests that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const commands = [...tutorial.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name!);
    expect(commands.length).toBeGreaterThan(10);
    expect(commands.filter((name) => !scripts[name])).toEqual([]);
    const tests = [...tutorial.matchAll(/\btest\/[\w/-]+(?:\.test\.ts)?/g)].map(([path]) => path);
    const isThere = (path: string) => existsSync(path) || existsSync(`${path}.test.ts`);
    expect(tests.filter((path) => !isThere(path) && !/\/(samples|cases)\//.test(path))).toEqual([]);
  });

  it('is found wrong when any line that it shows is changed, taken out or added to', () => {
    const unnoticed: string[] = [];
    for (const excerpt of excerpts) {
      const file = linesOf(read(excerpt.file));
      const shown = shownLines(excerpt, file) ?? [];
      for (const [place, index] of shown.entries()) {
        const changed = file.with(index, `${file[index]!}x`);
        const shorter = file.toSpliced(index, 1);
        // A new line at the end of a run is outside of it.
        const isInside = shown[place + 1] === index + 1;
        const longer = isInside ? [file.toSpliced(index + 1, 0, 'added();')] : [];
        for (const other of [changed, shorter, ...longer]) {
          if (shownLines(excerpt, other)) unnoticed.push(`${excerpt.file}:${index + 1}`);
        }
      }
    }
    expect(unnoticed).toEqual([]);
  });
});
